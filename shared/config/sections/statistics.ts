// `stats` lines of proxies: the statistics page, who may see it and what it shows. The lines stay
// words for worker/compile/stats-page.ts, which also sees whether they fit together; what is
// checked here is their form. Any of them turns the page on, and the first one of a section
// replaces what a defaults section said (manual 4, stats).

import type { ProxyDraft, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';

/** Appends the line, its second word in front. */
function keep(line: Line, proxy: ProxyDraft): void {
  const { model, parent } = proxy;
  const known = model.statsLines === parent?.model.statsLines ? [] : model.statsLines;
  model.statsLines = [...known, line.model(-1, '')];
}

interface Form {
  readonly name: string;
  readonly help: string;
  /** Words behind the name in the example. */
  readonly words?: string;
  readonly defaults?: 'no';
  /** Reports what is wrong with the words; false: the line is left out. */
  readonly check: (line: Line) => boolean;
}

const nothing = (line: Line): boolean => line.atMost(0);

const one =
  (what: string) =>
  (line: Line): boolean =>
    line.needed(0, what) !== null && line.atMost(1);

function isAccount(line: Line): boolean {
  const account = line.needed(0, "'user:password'");
  if (account === null || !line.atMost(1)) return false;
  if (account.includes(':')) return true;
  line.alert(0, `'stats auth' expects 'user:password', found '${account}'.`);
  return false;
}

function isCondition(line: Line): boolean {
  const word = line.arg(0);
  if ((word === 'if' || word === 'unless') && line.count > 1) return true;
  line.alert(0, "'stats admin' expects 'if' or 'unless' followed by a condition.");
  return false;
}

const accessActions = new Set(['allow', 'deny', 'auth']);

function isAccessRule(line: Line): boolean {
  const word = line.needed(0, "'allow', 'deny' or 'auth'");
  if (word === null || accessActions.has(word)) return word !== null;
  line.alert(0, `'stats http-request' expects 'allow', 'deny' or 'auth', found '${word}'.`);
  return false;
}

/** Ends the address inside a request target, so it cannot be a part of it. */
const addressEnds = /[;#\s]/;

function isDashboard(line: Line): boolean {
  if (!line.atMost(1)) return false;
  const uri = line.arg(0);
  if (uri === '' || (uri.startsWith('/') && !addressEnds.test(uri))) return true;
  line.alert(0, `'stats dashboard' expects a path that starts with '/', found '${uri}'.`);
  return false;
}

const forms: readonly Form[] = [
  {
    name: 'admin',
    help: 'who may change server states on the statistics page',
    words: 'if TRUE',
    defaults: 'no',
    check: isCondition,
  },
  { name: 'auth', help: 'an account for the page', words: 'ann:secret', check: isAccount },
  {
    name: 'dashboard',
    help: 'the live dashboard beside the page',
    words: '/live',
    check: isDashboard,
  },
  { name: 'enable', help: 'the statistics page, as it is by default', check: nothing },
  { name: 'hide-version', help: 'the page does not tell the version', check: nothing },
  {
    name: 'http-request',
    help: 'rules for who may see the page',
    words: 'deny if FALSE',
    defaults: 'no',
    check: isAccessRule,
  },
  { name: 'realm', help: 'realm of the page', words: 'Staff', check: one('a realm') },
  {
    name: 'refresh',
    help: 'seconds after which browsers load the page again',
    words: '5s',
    check: (line) => line.time(0, 's') !== null && line.atMost(1),
  },
  { name: 'scope', help: 'a proxy that the page shows', words: '.', check: one('a proxy name') },
  { name: 'show-desc', help: 'a description on the page', words: 'Lab', check: () => true },
  { name: 'show-legends', help: 'more about each row of the page', check: nothing },
  { name: 'show-modules', help: 'numbers of protocols behind each row', check: nothing },
  {
    name: 'show-node',
    help: 'the name of the node on the page',
    words: 'lb1',
    check: (line) => line.atMost(1),
  },
  { name: 'show-version', help: 'the page tells the version', check: nothing },
  { name: 'uri', help: 'where the page is', words: '/stats', check: one('a URI prefix') },
];

export const statisticsKeywords: readonly ProxyKeyword[] = forms.map((form) => ({
  name: `stats ${form.name}`,
  side: 'both',
  defaults: form.defaults ?? 'yes',
  http: true,
  help: form.help,
  example: `stats ${form.name}${form.words === undefined ? '' : ` ${form.words}`}`,
  parse: (line, proxy) => {
    if (form.check(line)) keep(line, proxy);
  },
}));
