// Buttons of those who may change servers: sent as the form of the classic page, with the token
// that only this page knows. What became of it is told in the notice line.

import { byId } from './dom.ts';

/** Words of the form, with what the buttons say. */
export const actions = [
  ['ready', 'Ready'],
  ['drain', 'Drain'],
  ['maint', 'Maint'],
] as const;

export type Action = (typeof actions)[number][0];

const outcomes: Readonly<Record<string, string>> = {
  DONE: 'done',
  PART: 'done for some of the servers',
  NONE: 'nothing was changed',
  DENY: 'not allowed: load the page again, or ask for the right',
  ERRP: 'the request was not understood',
  EXCD: 'the request is too long',
  UNKN: 'no answer in time: look at the state',
};

export interface Change {
  readonly proxyId: number;
  readonly server: string;
  readonly action: Action;
}

/** Sends a change; true when it was made. */
export async function sendChange(uri: string, token: string, change: Change): Promise<boolean> {
  const { proxyId, server, action } = change;
  const body = `s=${encodeURIComponent(server)}&action=${action}&b=%23${proxyId}`;
  const outcome = await ask(uri, token, body);
  const text = outcomes[outcome] ?? outcome;
  tell(`${server}, ${action}: ${text}`, outcome !== 'DONE');
  return outcome === 'DONE';
}

async function ask(uri: string, token: string, body: string): Promise<string> {
  try {
    const answer = await fetch(uri, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-hawser-token': token,
      },
      body,
      cache: 'no-store',
    });
    const said = (await answer.json()) as { readonly outcome?: string };
    return said.outcome ?? `status ${answer.status}`;
  } catch {
    return 'no answer: is the proxy there?';
  }
}

let timer = 0;
const shownMs = 6000;

/** Shows a line for a while. */
export function tell(text: string, isBad: boolean): void {
  const notice = byId('notice');
  notice.textContent = text;
  notice.classList.toggle('bad', isBad);
  notice.hidden = false;
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    notice.hidden = true;
  }, shownMs);
}
