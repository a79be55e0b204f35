// How servers are checked: the `option` that chooses a kind, `tcp-check` and `http-check` rules,
// `external-check`. Lines stay words; worker/check understands them. Also `healthcheck` sections.

import type { Draft } from '../draft.ts';
import type { NamedKeyword, NamedSection, ProxyDraft, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import { type CheckKind, freshCheck, type HealthcheckModel } from '../model-check.ts';
import type { CheckModel, LineModel } from '../model.ts';

interface Kind {
  readonly kind: Exclude<CheckKind, ''>;
  /** Arguments at most. */
  readonly max: number;
  readonly help: string;
  readonly example: string;
}

const kinds: readonly Kind[] = [
  { kind: 'tcp-check', max: 0, help: 'checks run tcp-check rules', example: '' },
  {
    kind: 'httpchk',
    max: 4,
    help: 'checks are HTTP requests',
    example: ' GET /alive HTTP/1.1 www',
  },
  { kind: 'redis-check', max: 0, help: 'checks ping a Redis server', example: '' },
  { kind: 'ssl-hello-chk', max: 0, help: 'checks say an SSLv3 hello', example: '' },
  { kind: 'smtpchk', max: 2, help: 'checks greet a mail server', example: ' EHLO example.com' },
  { kind: 'pgsql-check', max: 2, help: 'checks log in to PostgreSQL', example: ' user checker' },
  { kind: 'mysql-check', max: 3, help: 'checks log in to MySQL', example: ' user checker post-41' },
  { kind: 'ldap-check', max: 0, help: 'checks bind to an LDAP server', example: '' },
  { kind: 'spop-check', max: 0, help: 'checks say hello to a SPOE agent', example: '' },
  {
    kind: 'grpc-check',
    max: 3,
    help: 'checks call grpc.health.v1.Health/Check over HTTP/2 (ours)',
    example: ' shop.Cart authority cart.example',
  },
  { kind: 'external-check', max: 0, help: 'checks run a command', example: '' },
];

type RuleKind = 'tcp' | 'http';

/** The option line among the rules, so that the compiler sees the order. */
function optionAsRule(line: Line): LineModel {
  const model = line.model(0, '');
  return { ...model, words: ['option', ...model.words], columns: [0, ...model.columns] };
}

function choose(kind: Kind['kind'], line: Line, check: CheckModel): void {
  check.kind = kind;
  check.line = line.model(0, '');
  if (kind === 'httpchk') check.http.push(optionAsRule(line));
}

/** Rules that were inherited go when a section begins its own. */
function begin(rules: RuleKind, proxy: ProxyDraft): void {
  if (proxy.ownChecks.has(rules)) return;
  proxy.ownChecks.add(rules);
  proxy.model.check[rules] = [];
}

const ruleLists: Partial<Record<CheckKind, RuleKind>> = { 'tcp-check': 'tcp', httpchk: 'http' };

const kindRows = kinds.map(
  ({ kind, max, help, example }): ProxyKeyword => ({
    name: `option ${kind}`,
    side: 'back',
    defaults: 'yes',
    help,
    example: `option ${kind}${example}`,
    parse: (line, proxy) => {
      if (!line.atMost(max)) return;
      const rules = ruleLists[kind];
      if (rules !== undefined) begin(rules, proxy);
      choose(kind, line, proxy.model.check);
    },
  }),
);

const ruleRows = (['tcp', 'http'] as const).map(
  (rules): ProxyKeyword => ({
    name: `${rules}-check`,
    side: 'back',
    defaults: 'yes',
    help: `one step of the checks (option ${rules === 'tcp' ? 'tcp-check' : 'httpchk'})`,
    example: rules === 'tcp' ? 'tcp-check expect string +PONG' : 'http-check expect status 200',
    parse: (line, proxy) => {
      if (line.needed(0, 'a rule') === null) return;
      begin(rules, proxy);
      proxy.model.check[rules].push(line.model(0, ''));
    },
  }),
);

const externalWords = ['command', 'path'] as const;

export const checkKeywords: readonly ProxyKeyword[] = [
  ...kindRows,
  ...ruleRows,
  {
    name: 'external-check',
    side: 'back',
    defaults: 'yes',
    help: 'the command of external checks, and its PATH',
    example: 'external-check command /bin/true',
    parse: (line, proxy) => {
      const word = line.choice(0, externalWords);
      const value = word === null ? null : line.needed(1, `an argument after '${word}'`);
      if (word !== null && value !== null && line.atMost(2)) proxy.model.check[word] = value;
    },
  },
];

// ---- healthcheck sections ----

type HealthcheckKeyword = NamedKeyword<HealthcheckModel>;

function openHealthcheck(line: Line, draft: Draft): HealthcheckModel | null {
  const name = line.arg(0);
  if (name === '') return line.alert(-1, 'missing name for healthcheck section.');
  const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
  if (bad !== null) {
    const message = `character '${bad[0]}' is not permitted in 'healthcheck' name '${name}'.`;
    return line.alert(0, message);
  }
  const other = draft.healthchecks.find((section) => section.name === name);
  if (other !== undefined) {
    const at = `${other.place.file}:${other.place.line}`;
    return line.alert(0, `healthcheck section '${name}' already defined at ${at}.`);
  }
  const section = { place: line.place(-1), name, check: freshCheck() };
  draft.healthchecks.push(section);
  return section;
}

const sectionKinds = kinds.filter(({ kind }) => kind !== 'external-check');

function readType(line: Line, { check }: HealthcheckModel): void {
  const wanted = line.needed(0, 'a healthcheck type');
  if (wanted === null) return;
  const found = sectionKinds.find(({ kind }) => kind === wanted);
  if (found === undefined) {
    const list = sectionKinds.map(({ kind }) => `'${kind}'`).join(', ');
    line.alert(0, `unknown healthcheck type '${wanted}' (expects ${list}).`);
    return;
  }
  if (check.kind !== '') {
    line.alert(0, 'healthcheck type already defined.');
    return;
  }
  const rules = check.tcp.length > 0 ? 'tcp' : 'http';
  if (check[rules].length > 0 && ruleLists[found.kind] !== rules) {
    line.alert(0, `cannot set '${wanted}' type with '${rules}-check' rules`);
    return;
  }
  line.nameWords = 2;
  if (line.atMost(found.max)) choose(found.kind, line, check);
}

const sectionRules = (['tcp', 'http'] as const).map((rules): HealthcheckKeyword => {
  const other = rules === 'tcp' ? 'http' : 'tcp';
  return {
    name: `${rules}-check`,
    help: 'one step of the checks',
    example: `${rules}-check ${rules === 'tcp' ? 'connect' : 'send uri /alive'}`,
    parse: (line, { check }) => {
      if (line.needed(0, 'a rule') === null) return;
      if (check.kind !== '' && ruleLists[check.kind] !== rules) {
        line.alert(-1, `unable to configure '${rules}-check' rule for '${check.kind}' healthcheck`);
      } else if (check[other].length > 0) {
        line.alert(-1, "cannot mix 'tcp-check' and 'http-check' rules");
      } else check[rules].push(line.model(0, ''));
    },
  };
});

const healthcheckKeywords: readonly HealthcheckKeyword[] = [
  {
    name: 'type',
    help: 'the kind of the checks',
    example: 'type httpchk GET /alive',
    parse: readType,
  },
  ...sectionRules,
];

export const healthcheckSection: NamedSection<HealthcheckModel> = {
  name: 'healthcheck',
  rows: healthcheckKeywords,
  open: openHealthcheck,
};
