// Every family of words the proxy can say, joined into tables. The only place that lists them;
// importing it does nothing. Used by worker/compile, by help and -dKall, and by the registry test.

import { capture } from './actions/capture.ts';
import { attachments } from './actions/attach.ts';
import { addresses } from './actions/address.ts';
import { drop } from './actions/drop.ts';
import { earlyHint } from './actions/early-hint.ts';
import { headers } from './actions/headers.ts';
import { headersBinary } from './actions/headers-binary.ts';
import { logActions } from './actions/log.ts';
import { marks } from './actions/marks.ts';
import { patterns } from './actions/patterns.ts';
import { preambles } from './actions/preamble.ts';
import { redirect } from './actions/redirect.ts';
import { resolveActions } from './actions/resolve.ts';
import { serviceActions } from './actions/service.ts';
import { standing } from './actions/standing.ts';
import { stickActions } from './actions/stick.ts';
import { switchMode } from './actions/switch-mode.ts';
import { timeoutActions } from './actions/timeout.ts';
import { uri } from './actions/uri.ts';
import { variables } from './actions/variables.ts';
import { verdict } from './actions/verdict.ts';
import { bandwidthActions } from './actions/bandwidth.ts';
import { waiting } from './actions/waiting.ts';
import { authentication } from './sample/fetches/authentication.ts';
import { bodies } from './sample/fetches/body.ts';
import { distcc } from './sample/fetches/distcc.ts';
import { exchanges } from './sample/fetches/exchange.ts';
import { fcgi } from './sample/fetches/fcgi.ts';
import { hellos } from './sample/fetches/hello.ts';
import { cookies } from './sample/fetches/cookies.ts';
import { htx } from './sample/fetches/htx.ts';
import { internals } from './sample/fetches/internal.ts';
import { loads } from './sample/fetches/load.ts';
import { preamble } from './sample/fetches/preamble.ts';
import { proxies } from './sample/fetches/proxies.ts';
import { requestLine } from './sample/fetches/request-line.ts';
import { stick } from './sample/fetches/stick.ts';
import { terminations } from './sample/fetches/termination.ts';
import { times } from './sample/fetches/timers.ts';
import { variableDumps } from './sample/fetches/variable-dump.ts';
import { capturedHello } from './sample/fetches/captured-hello.ts';
import { tls } from './sample/fetches/tls.ts';
import { tlsChain } from './sample/fetches/tls-chain.ts';
import { transaction } from './sample/fetches/transaction.ts';
import { ciphers } from './sample/converters/cipher.ts';
import { dates } from './sample/converters/dates.ts';
import { encodings } from './sample/converters/encoding.ts';
import { hashes } from './sample/converters/crypto.ts';
import { forwarded } from './sample/converters/forwarded.ts';
import { languages } from './sample/converters/language.ts';
import { lookups } from './sample/converters/lookup.ts';
import { packets } from './sample/converters/packet.ts';
import { protocols } from './sample/converters/protocols.ts';
import { states } from './sample/converters/states.ts';
import { stickLookups } from './sample/converters/stick.ts';
import { texts } from './sample/converters/text.ts';
import { tokens } from './sample/converters/token.ts';
import { tokenCertificates } from './sample/converters/token-certificate.ts';
import { values } from './sample/converters/value.ts';
import type { ActionDef, ConverterDef, FetchDef, ServiceDef } from './keyword.ts';
import { table } from './keyword.ts';
import { keywordList } from './keyword-list.ts';
import type { LogTagDef } from './log/tag.ts';
import { tags } from './log/tags.ts';
import { exporterServices } from './stats/exporter.ts';
import { runtimeCommands } from './runtime/catalog.ts';
import { connection as connections } from './sample/fetches/connection.ts';
import { headers as messageHeaders } from './sample/fetches/headers.ts';

/** What `use-service` can name. */
export const services = table<ServiceDef>('service', exporterServices);

export const actions = table<ActionDef>(
  'action',
  verdict,
  redirect,
  resolveActions,
  headers,
  headersBinary,
  logActions,
  uri,
  variables,
  addresses,
  marks,
  standing,
  timeoutActions,
  preambles,
  attachments,
  waiting,
  bandwidthActions,
  capture,
  drop,
  earlyHint,
  switchMode,
  patterns,
  stickActions,
  serviceActions(services),
);

export const fetches = table<FetchDef>(
  'fetch',
  internals,
  proxies,
  connections,
  preamble,
  tls,
  tlsChain,
  capturedHello,
  requestLine,
  messageHeaders,
  cookies,
  bodies,
  hellos,
  authentication,
  transaction,
  terminations,
  times,
  exchanges,
  loads,
  htx,
  distcc,
  fcgi,
  variableDumps,
  stick,
);

export const converters = table<ConverterDef>(
  'converter',
  values,
  texts,
  encodings,
  hashes,
  dates,
  lookups,
  ciphers,
  forwarded,
  languages,
  packets,
  protocols,
  states,
  tokens,
  tokenCertificates,
  stickLookups,
);

export const logTags = table<LogTagDef>('log tag', tags);

/**
 * The words of one class of -dK, or of `all`, as HAProxy lists them. Any thread, start or check.
 */
export function dumpKeywords(className: string): string {
  const commands = runtimeCommands().all;
  return keywordList(className, { actions, fetches, converters, services, commands });
}
