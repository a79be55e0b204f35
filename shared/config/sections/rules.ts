// Rule lines: ACLs, the rule sets, switching, redirects. They stay words for the
// compiler; what is checked here is where they stand, and the order that HAProxy warns about.

import type { ProxyDraft, ProxyKeyword, Side } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { LineModel, ProxyModel, RuleSet } from '../model.ts';
import { reserveSlot } from './captures.ts';

/** The order in which rules run: a rule written after one that runs later earns a warning. */
const order: readonly (readonly [string, string, (model: ProxyModel) => readonly LineModel[]])[] = [
  ['tcp-request connection', 'a', (model) => model.rules['tcp-request connection']],
  ['tcp-request session', 'a', (model) => model.rules['tcp-request session']],
  ['tcp-request content', 'a', (model) => model.rules['tcp-request content']],
  ['monitor fail', 'a', (model) => model.monitorFail],
  ['http-request', 'an', (model) => model.rules['http-request']],
  ['redirect', 'a', (model) => model.redirects],
  ['use_backend', 'a', (model) => model.useBackends],
  ['use-server', 'a', (model) => model.useServers],
];
const answerOrder: typeof order = [
  ['tcp-response content', 'a', (model) => model.rules['tcp-response content']],
  ['http-response', 'an', (model) => model.rules['http-response']],
];

function warnOrder(line: Line, proxy: ProxyDraft, name: string): void {
  const sequence = name.includes('response') ? answerOrder : order;
  const own = sequence.findIndex(([word]) => word === name);
  if (own < 0) return;
  for (const [later, article, lines] of sequence.slice(own + 1)) {
    if (!lines(proxy.model).some((one) => one.from === '')) continue;
    line.warning(
      -1,
      `a '${name}' rule placed after ${article} '${later}' rule will still be processed before.`,
    );
    return;
  }
}

/** Actions behind which no further rule of the set is reached. */
const finalActions = new Set([
  'allow',
  'auth',
  'deny',
  'redirect',
  'reject',
  'return',
  'silent-drop',
  'tarpit',
]);

function warnUnreachable(line: Line, lines: readonly LineModel[], name: string): void {
  const last = lines.at(-1);
  if (last === undefined || last.from !== '') return;
  if (!finalActions.has(last.words[0]) || last.words.includes('ignore-empty')) return;
  if (/\s(if|unless)\s/.test(last.text)) return;
  line.warning(
    -1,
    `previous '${name}' action is final and has no condition attached, further entries are NOOP.`,
  );
}

const ruleRow = (set: RuleSet, help: string, example: string): ProxyKeyword => ({
  name: set,
  side: 'both',
  defaults: 'named',
  help,
  example: `${set} ${example}`,
  parse: (line, proxy) => {
    if (line.needed(0, 'an action') === null) return;
    const lines = proxy.model.rules[set];
    if (set.startsWith('http')) warnUnreachable(line, lines, set);
    warnOrder(line, proxy, set);
    lines.push(line.model(0, ''));
    reserveSlot(line, proxy);
  },
});

const delayRow = (
  name: string,
  field: 'inspectDelayMs' | 'responseInspectDelayMs',
  side: Side,
): ProxyKeyword => ({
  name,
  side,
  defaults: 'named',
  help: 'longest wait for data that content rules look at',
  example: `${name} 5s`,
  parse: (line, proxy) => {
    const value = line.atMost(1) ? line.time(0) : null;
    if (value === null) return;
    const { section, model } = proxy;
    if (model[field] <= 0) model[field] = value;
    else line.warning(-1, `ignoring ${name} (was already defined) in ${section} '${model.name}'`);
  },
});

function addAcl(line: Line, proxy: ProxyDraft): void {
  const name = line.needed(0, 'a name and a criterion');
  if (name === null) return;
  if (!isBadAclName(line, name)) proxy.model.acls.push(line.model(0, ''));
}

/** True after an alert: `name` cannot be that of an acl. */
export function isBadAclName(line: Line, name: string): boolean {
  const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
  if (bad !== null) {
    line.alert(0, `character '${bad[0]}' is not permitted in acl name '${name}'.`);
  } else if (name.toLowerCase() === 'or') {
    line.alert(0, `acl name '${name}' will never match: 'or' stands between conditions.`);
  } else return false;
  return true;
}

/** `if` or `unless` at `index`, followed by something. */
function hasCondition(line: Line, index: number): boolean {
  const word = line.arg(index);
  if ((word === 'if' || word === 'unless') && line.count > index + 1) return true;
  line.alert(index, `'${line.name}' requires either 'if' or 'unless' followed by a condition.`);
  return false;
}

function addUseBackend(line: Line, proxy: ProxyDraft): void {
  if (line.needed(0, 'a backend name') === null) return;
  const word = line.arg(1);
  if (word !== '' && word !== 'if' && word !== 'unless') {
    line.alert(
      1,
      `unexpected keyword '${word}' after switching rule, only 'if' and 'unless' are allowed.`,
    );
    return;
  }
  proxy.model.useBackends.push(line.model(0, ''));
}

export const ruleKeywords: readonly ProxyKeyword[] = [
  ruleRow('tcp-request connection', 'rules for new connections', 'reject if { src 10.0.0.1 }'),
  ruleRow('tcp-request session', 'rules after the handshake', 'accept if TRUE'),
  ruleRow('tcp-request content', 'rules on what clients sent', 'accept if HTTP'),
  ruleRow('tcp-response content', 'rules on what servers sent', 'accept if TRUE'),
  ruleRow('http-request', 'rules for requests', 'deny if { path /private }'),
  ruleRow('http-response', 'rules for responses', 'set-header X-Via lb'),
  ruleRow('http-after-response', 'rules for all responses', 'set-header X-Via lb'),
  delayRow('tcp-request inspect-delay', 'inspectDelayMs', 'both'),
  delayRow('tcp-response inspect-delay', 'responseInspectDelayMs', 'back'),
  {
    name: 'acl',
    side: 'both',
    defaults: 'named',
    help: 'a named condition',
    example: 'acl local src 127.0.0.0/8',
    parse: addAcl,
  },
  {
    name: 'use_backend',
    side: 'front',
    defaults: 'no',
    help: 'choice of the backend',
    example: 'use_backend self if TRUE',
    parse: addUseBackend,
  },
  {
    name: 'use-server',
    side: 'back',
    defaults: 'no',
    help: 'choice of the server',
    example: 'use-server s1 if TRUE',
    parse: (line, proxy) => {
      if (line.needed(0, 'a server name') === null || !hasCondition(line, 1)) return;
      proxy.model.useServers.push(line.model(0, ''));
    },
  },
  {
    name: 'redirect',
    side: 'both',
    defaults: 'no',
    help: 'a redirect answered by the proxy',
    example: 'redirect scheme https if TRUE',
    parse: (line, proxy) => {
      if (line.needed(0, 'a redirect rule') === null) return;
      warnOrder(line, proxy, 'redirect');
      proxy.model.redirects.push(line.model(0, ''));
    },
  },
  {
    name: 'monitor fail',
    side: 'front',
    defaults: 'no',
    help: 'when the monitor URI answers 503',
    example: 'monitor fail if FALSE',
    parse: (line, proxy) => {
      if (!hasCondition(line, 0)) return;
      warnOrder(line, proxy, 'monitor fail');
      proxy.model.monitorFail.push(line.model(0, ''));
    },
  },
];
