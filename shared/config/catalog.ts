// The list of section tables: every configuration keyword that works, and look-up by name.
// Read by parse.ts, by -dKall and by the tests. Adding a table is one line here.

import {
  type BindKeyword,
  type GlobalKeyword,
  indexRows,
  type KeywordRow,
  type ProxyKeyword,
  type SectionEntry,
  sectionEntry,
  type ServerKeyword,
} from './keyword.ts';
import { balanceKeywords } from './sections/balance.ts';
import { bindKeywords } from './sections/bind.ts';
import { globalCrtKeywords } from './sections/bind-crt.ts';
import { globalTlsKeywords } from './sections/bind-tls.ts';
import { captureKeywords } from './sections/captures.ts';
import { crtStoreSection } from './sections/crt-store.ts';
import { environmentKeywords } from './sections/environment.ts';
import { checkKeywords, healthcheckSection } from './sections/check.ts';
import { errorKeywords, httpErrorsKeywords, httpErrorsSection } from './sections/errors.ts';
import { logProfileSection } from './sections/log-profile.ts';
import { headerCaseKeywords } from './sections/header-case.ts';
import { logForwardSection } from './sections/log-forward.ts';
import { loggingKeywords } from './sections/logging.ts';
import { optionKeywords, switches } from './sections/options.ts';
import { originKeywords } from './sections/origin.ts';
import { peersSection } from './sections/peers.ts';
import { fcgiAppSection, fcgiKeywords } from './sections/fcgi-app.ts';
import { filterKeywords } from './sections/filters.ts';
import { persistenceKeywords } from './sections/persistence.ts';
import { identityKeywords } from './sections/identity.ts';
import { placementKeywords } from './sections/placement.ts';
import { processKeywords } from './sections/process.ts';
import { proxyKeywords } from './sections/proxy.ts';
import { resolverGlobals, resolversSection } from './sections/resolvers.ts';
import { emailAlertKeywords, mailersSection } from './sections/mailers.ts';
import { namespaceSection } from './sections/namespace.ts';
import { ringSection } from './sections/ring.ts';
import { ruleKeywords } from './sections/rules.ts';
import { serverKeywords } from './sections/server.ts';
import { userlistKeywords, userlistSection } from './sections/services.ts';
import { hardeningKeywords } from './sections/hardening.ts';
import { http2Keywords } from './sections/http2.ts';
import { serverStateGlobals, serverStateKeywords } from './sections/server-state.ts';
import { stateKeywords } from './sections/state.ts';
import { stickKeywords } from './sections/stick.ts';
import { statisticsKeywords } from './sections/statistics.ts';
import { tokenKeywords } from './sections/tokens.ts';
import { tuningKeywords } from './sections/tuning.ts';
import { tracesSection } from './sections/traces.ts';
import { listedObsolete } from './unsupported.ts';

export const globalKeywords: ReadonlyMap<string, GlobalKeyword> = indexRows(
  'global keyword',
  identityKeywords,
  placementKeywords,
  processKeywords,
  stateKeywords,
  serverStateGlobals,
  environmentKeywords,
  tuningKeywords,
  globalTlsKeywords,
  globalCrtKeywords,
  tokenKeywords,
  hardeningKeywords,
  http2Keywords,
  headerCaseKeywords,
  resolverGlobals,
);

export const proxySectionKeywords: ReadonlyMap<string, ProxyKeyword> = indexRows(
  'proxy keyword',
  proxyKeywords,
  optionKeywords,
  originKeywords,
  ruleKeywords,
  captureKeywords,
  balanceKeywords,
  filterKeywords,
  fcgiKeywords,
  persistenceKeywords,
  serverStateKeywords,
  loggingKeywords,
  emailAlertKeywords,
  stickKeywords,
  errorKeywords,
  statisticsKeywords,
  checkKeywords,
);

/** Sections of their own, beside global and the proxies: one line here adds one. */
export const namedSections: readonly SectionEntry[] = [
  sectionEntry(userlistSection),
  sectionEntry(httpErrorsSection),
  sectionEntry(logProfileSection),
  sectionEntry(peersSection),
  sectionEntry(resolversSection),
  sectionEntry(healthcheckSection),
  sectionEntry(mailersSection),
  sectionEntry(ringSection),
  sectionEntry(logForwardSection),
  sectionEntry(fcgiAppSection),
  sectionEntry(tracesSection),
  sectionEntry(crtStoreSection),
  sectionEntry(namespaceSection),
];
export { bindKeywords, httpErrorsKeywords, serverKeywords, userlistKeywords };

/** Sections that work, in the order of the manual. */
export const sectionNames: readonly string[] = [
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  ...namedSections.map(({ name }) => name),
];

export type KeywordClass = 'global' | 'listen' | 'bind' | 'server' | 'option' | 'userlist';

export interface ListedKeyword {
  readonly class: KeywordClass | 'http-errors';
  /** As -dKall prints it: `bind <addr> maxconn +1`, `option nolinger [ FE BE ]`, `maxconn`. */
  readonly name: string;
  readonly help: string;
}

/**
 * Everything that works, or is refused as HAProxy refuses it, for -dKall. Names of a class come
 * sorted.
 */
export function configKeywords(): ListedKeyword[] {
  const ownSwitches = switches.filter(({ belongsTo }) => belongsTo === undefined);
  const removed = listedObsolete.map((row) => ({ ...row, help: 'refused: it was removed' }));
  const plain = [...proxySectionKeywords.values()].filter((row) => !row.name.startsWith('option '));
  const all: readonly ListedKeyword[] = [
    ...removed,
    ...listed('global', [...globalKeywords.values()], (row) => row.name),
    ...listed('listen', plain, (row) => row.name),
    ...listed('bind', bindKeywords, bindName),
    ...listed('server', serverKeywords, serverName),
    ...listed('option', ownSwitches, optionName),
    ...listed('userlist', userlistKeywords, (row) => row.name),
    ...listed('http-errors', httpErrorsKeywords, (row) => row.name),
  ];
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function listed<T extends Pick<KeywordRow, 'name' | 'help'>>(
  kind: ListedKeyword['class'],
  rows: readonly T[],
  name: (row: T) => string,
): ListedKeyword[] {
  return rows.map((row) => ({ class: kind, name: name(row), help: row.help }));
}

const suffix = (takes: number): string => (takes === 0 ? '' : ` +${takes}`);

function bindName(row: BindKeyword): string {
  const group = row.tls === true && row.name !== 'ssl' ? 'ssl ' : '';
  return `bind <addr> ${group}${row.name}${suffix(row.takes)}`;
}

const serverName = (row: ServerKeyword): string =>
  `server <name> <addr> ${row.name}${row.name === 'source' ? ' +-1' : suffix(row.takes)}`;

const sides = { front: 'FE', back: 'BE', both: 'FE BE' } as const;

const optionName = (row: (typeof switches)[number]): string =>
  `option ${row.name} [ ${sides[row.side]}${row.http === true ? ' HTTP' : ''} ]`;
