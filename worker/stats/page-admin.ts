// What `stats admin` adds to the statistics page: the list of changes under each table, and what
// became of one. Called by page.ts; the changes themselves are made on the control thread.

import type { ProxyModel } from '../../shared/config/model.ts';
import { escapeHtml } from './html.ts';

/** Changes by the word that the form sends, with what people read. */
export const adminChanges: ReadonlyMap<string, string> = new Map([
  ['ready', 'Set state to READY'],
  ['drain', 'Set state to DRAIN'],
  ['maint', 'Set state to MAINT'],
  ['dhlth', 'Health: disable checks'],
  ['ehlth', 'Health: enable checks'],
  ['hrunn', 'Health: force UP'],
  ['hnolb', 'Health: force NOLB'],
  ['hdown', 'Health: force DOWN'],
]);

/** Controls under a table; the boxes of its rows belong to the same form. */
export function adminForm(proxy: ProxyModel): string {
  const options = Array.from(
    adminChanges,
    ([word, text]) => `<option value="${word}">${escapeHtml(text)}</option>`,
  );
  return (
    '<div class="tools"><label>Change the chosen servers: ' +
    `<select name="action"><option value=""></option>${options.join('')}</select></label>` +
    `<input type="hidden" name="b" value="#${proxy.id}"><button>Apply</button></div>`
  );
}

const outcomes: Readonly<Record<string, string>> = {
  DONE: 'The change was made.',
  PART: 'The change was made on some of the servers.',
  NONE: 'Nothing was changed.',
  DENY: 'Changes are not allowed here.',
  ERRP: 'The request was not understood: no change was made.',
  EXCD: 'The request is too long: choose fewer servers.',
};

/** The line that tells what became of a change; '' for a code that nobody sends. */
export function outcomeText(code: string): string {
  const text = outcomes[code];
  if (text === undefined) return '';
  return `<p class="outcome${code === 'DONE' ? '' : ' bad'}">${text}</p>\n`;
}
