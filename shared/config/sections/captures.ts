// Slots for what is kept of messages: `capture`, `declare capture`, and the slots that rules make
// (manual 4, capture and declare; 4.4, capture). Slots are numbered in the order of their lines,
// whatever kind of line made them.

import type { ProxyDraft, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { CaptureModel, ProxyModel } from '../model.ts';

/**
 * The slot of a rule `capture <sample> len <length>`: its line says which one is its own. Rules
 * of a defaults section take theirs along into the proxies that use it.
 */
export function reserveSlot(line: Line, { section, model }: ProxyDraft): void {
  if (line.arg(0) !== 'capture' || section === 'backend') return;
  const at = line.rest().indexOf('len', 2);
  const length = line.arg(at + 1);
  if (at < 0 || !/^\d{1,9}$/.test(length)) return;
  model.captureRequestHeaders.push(slotOf(line, '', length));
}

function slotOf(line: Line, name: string, length: string): CaptureModel {
  return { name, lengthMax: Number(length), place: line.place(-1) };
}

function slotsOf(model: ProxyModel, direction: 'request' | 'response'): CaptureModel[] {
  return direction === 'request' ? model.captureRequestHeaders : model.captureResponseHeaders;
}

function addCapture(line: Line, proxy: ProxyDraft): void {
  const [kind, what, name, word, length = ''] = line.rest();
  const { model } = proxy;
  if (kind === 'cookie') {
    addCookieCapture(line, model);
    return;
  }
  if ((kind !== 'request' && kind !== 'response') || what !== 'header') {
    line.alert(0, "'capture' expects 'cookie' or 'request header' or 'response header'.");
    return;
  }
  if (name === undefined || word !== 'len' || !/^\d+$/.test(length)) {
    line.alert(2, `'capture ${kind}' expects 'header' <header_name> 'len' <len>.`);
    return;
  }
  if (line.atMost(5)) slotsOf(model, kind).push(slotOf(line, name, length));
}

function addCookieCapture(line: Line, model: ProxyModel): void {
  const name = line.arg(1);
  const length = line.arg(3);
  if (name === '' || line.arg(2) !== 'len' || !/^\d+$/.test(length)) {
    line.alert(1, "'capture' expects 'cookie' <cookie_name> 'len' <len>.");
  } else if (line.atMost(4)) {
    const exact = name.endsWith('=');
    model.captureCookie = {
      name: exact ? name.slice(0, -1) : name,
      exact,
      lengthMax: Number(length),
    };
  }
}

function declareCapture(line: Line, proxy: ProxyDraft): void {
  const direction = line.choice(0, ['request', 'response']);
  if (direction === null || !line.atMost(3)) return;
  if (line.arg(1) !== 'len') {
    line.alert(1, "'declare capture' expects 'len' <length> behind the direction.");
    return;
  }
  const length = line.integer(2, { min: 1 }, 'a length');
  if (length !== null) {
    slotsOf(proxy.model, direction).push(slotOf(line, '', String(length)));
  }
}

export const captureKeywords: readonly ProxyKeyword[] = [
  {
    name: 'capture',
    side: 'front',
    defaults: 'no',
    help: 'headers and cookies kept for the log',
    example: 'capture request header Host len 32',
    parse: addCapture,
  },
  {
    name: 'declare capture',
    side: 'front',
    defaults: 'no',
    help: 'a slot that rules of any proxy may fill',
    example: 'declare capture request len 32',
    parse: declareCapture,
  },
];
