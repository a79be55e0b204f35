// Options that tell servers where a request came from: forwardfor, originalto, and the standard's
// own header, forwarded. Rows write ProxyModel; what the headers hold is decided while serving.

import { parseNetwork } from '../../address.ts';
import type { ProxyDraft, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { ForwardForModel } from '../model.ts';

/** Reads `[except NETWORK] [header NAME] [if-none]`; null after an alert. */
function readOrigin(line: Line, header: string, knowsIfNone: boolean): ForwardForModel | null {
  let model: ForwardForModel = { header, except: null, ifNone: false };
  for (let index = 0; index < line.count; index += 2) {
    const word = line.arg(index);
    const value = line.arg(index + 1);
    if (word === 'if-none' && knowsIfNone) {
      model = { ...model, ifNone: true };
      index--;
    } else if (word === 'except') {
      const except = parseNetwork(value);
      if (except === null) return line.alert(index + 1, `'${value}' is not a network.`);
      model = { ...model, except };
    } else if (word === 'header' && value !== '') {
      model = { ...model, header: value };
    } else {
      const words = knowsIfNone ? "'except', 'header' and 'if-none'" : "'except' and 'header'";
      return line.alert(index, `'${line.name}' only supports ${words}.`);
    }
  }
  return model;
}

/** Parameters of `option forwarded`; those with `-expr` take an expression. */
const parameters = ['host', 'by', 'by_port', 'for', 'for_port'];
const takesNothing = new Set(['proto', ...parameters]);
const takesExpression = new Set(parameters.map((name) => `${name}-expr`));

function readForwarded(line: Line, proxy: ProxyDraft): void {
  if (line.modifier !== '') {
    proxy.model.forwarded = null;
    return;
  }
  for (let index = 0; index < line.count; index++) {
    const word = line.arg(index);
    if (takesNothing.has(word)) continue;
    if (!takesExpression.has(word)) {
      const known = [...takesNothing, ...takesExpression].map((name) => `'${name}'`).join(', ');
      line.alert(index, `'${line.name}' only supports ${known}.`);
      return;
    }
    if (line.needed(++index, 'an expression') === null) return;
  }
  proxy.model.forwarded = line.model(0, '');
}

export const originKeywords: readonly ProxyKeyword[] = [
  {
    name: 'option forwardfor',
    side: 'both',
    defaults: 'yes',
    help: 'add the client address to requests',
    example: 'option forwardfor except 127.0.0.0/8 header X-Client if-none',
    parse: (line, proxy) => {
      const model = readOrigin(line, 'X-Forwarded-For', true);
      if (model !== null) proxy.model.forwardFor = model;
    },
  },
  {
    name: 'option originalto',
    side: 'both',
    defaults: 'yes',
    help: 'add the address that the client asked for to requests',
    example: 'option originalto except 127.0.0.1 header X-Client-Dst',
    parse: (line, proxy) => {
      const model = readOrigin(line, 'X-Original-To', false);
      if (model !== null) proxy.model.originalTo = model;
    },
  },
  {
    name: 'option forwarded',
    side: 'back',
    defaults: 'yes',
    negatable: true,
    http: true,
    help: 'add the Forwarded header of RFC 7239 to requests',
    example: 'option forwarded proto host by by_port for-expr src for_port',
    parse: readForwarded,
  },
];
