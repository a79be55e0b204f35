// Words of HAProxy 3.5 that are known and do not work yet: a line with one is refused by its name.
// A keyword that begins to work leaves this list and becomes a row of a table in sections/; the
// test beside keeps the union equal to the reference. Read by parse.ts and the bind and server
// tables.

/** Words of global. */
export const unsupportedGlobal: readonly string[] = (
  'acme.scheduler cluster-secret ' +
  'harden.reject-privileged-ports.quic ' +
  'httpclient.resolvers.disabled httpclient.resolvers.id httpclient.resolvers.prefer ' +
  'httpclient.retries httpclient.ssl.ca-file httpclient.ssl.verify ' +
  'httpclient.timeout.connect ' +
  'lua-load lua-load-per-thread lua-prepend-path ' +
  'maxcompcpuusage maxcomprate maxzlibmem ' +
  'ocsp-update.disable ocsp-update.httpproxy ocsp-update.maxdelay ' +
  'ocsp-update.mindelay ocsp-update.mode ' +
  'ssl-dh-param-file ssl-engine ' +
  'ssl-mode-async ssl-passphrase-cmd ssl-propquery ssl-provider ' +
  'ssl-provider-path ssl-security-level ssl-skip-self-issued-ca ' +
  'tune.comp.maxlevel ' +
  'tune.lua.bool-sample-conversion tune.lua.burst-timeout tune.lua.forced-yield ' +
  'tune.lua.log.loggers tune.lua.log.stderr tune.lua.maxmem tune.lua.openlibs ' +
  'tune.lua.service-timeout tune.lua.session-timeout tune.lua.task-timeout ' +
  'tune.quic.be.cc.cubic-min-losses tune.quic.be.cc.hystart ' +
  'tune.quic.be.cc.max-frame-loss tune.quic.be.cc.max-win-size tune.quic.be.cc.reorder-ratio ' +
  'tune.quic.be.max-idle-timeout tune.quic.be.sec.glitches-threshold ' +
  'tune.quic.be.stream.data-ratio tune.quic.be.stream.max-concurrent ' +
  'tune.quic.be.stream.rxbuf tune.quic.be.tx.pacing tune.quic.be.tx.udp-gso ' +
  'tune.quic.fe.cc.cubic-min-losses tune.quic.fe.cc.hystart tune.quic.fe.cc.max-frame-loss ' +
  'tune.quic.fe.cc.max-win-size tune.quic.fe.cc.reorder-ratio tune.quic.fe.max-idle-timeout ' +
  'tune.quic.fe.sec.glitches-threshold tune.quic.fe.sec.retry-threshold ' +
  'tune.quic.fe.sock-per-conn tune.quic.fe.stream.data-ratio ' +
  'tune.quic.fe.stream.max-concurrent tune.quic.fe.stream.max-total ' +
  'tune.quic.fe.stream.rxbuf tune.quic.fe.tx.pacing tune.quic.fe.tx.udp-gso tune.quic.listen ' +
  'tune.quic.mem.tx-max tune.quic.zero-copy-fwd-send ' +
  'tune.ssl.certificate-compression tune.ssl.force-private-cache tune.ssl.keylog ' +
  'tune.ssl.keyupdate-rate-limit tune.ssl.ocsp-update.maxdelay tune.ssl.ocsp-update.mindelay ' +
  'tune.ssl.ssl-ctx-cache-size tune.streams-elasticity'
).split(' ');

/** Words of defaults, frontend, backend and listen. */
export const unsupportedProxy: readonly string[] = (
  'compression filter-sequence ' +
  'quic-initial ssl-f-use ' +
  'trace'
).split(' ');

/** Option words of `bind` lines. */
export const unsupportedBind: readonly string[] = (
  'allow-0rtt ca-sign-file ca-sign-pass ' +
  'generate-certificates ktls npn ' +
  'quic-cc-algo quic-force-retry quic-socket tls-ticket-keys'
).split(' ');

/** Option words of `server` lines. */
export const unsupportedServer: readonly string[] = (
  'allow-0rtt ' +
  'ktls ' +
  'no-tls-tickets npn ' +
  'quic-cc-algo ' +
  'tls-tickets usesrc'
).split(' ');

/** Section names. */
export const unsupportedSections: readonly string[] =
  'acme cache spoe-agent spoe-group spoe-message'.split(' ');

/** The same for words of `bind` lines. */
export const obsoleteBind: Readonly<Record<string, string>> = {
  process: "'thread' replaces it",
};

/** Those of both that HAProxy's own list of words still has: it knows them to refuse them. */
export const listedObsolete: readonly ListedObsolete[] = [
  { class: 'global', name: 'nbproc' },
  { class: 'global', name: 'tune.chksize' },
  { class: 'listen', name: 'clitimeout' },
  { class: 'listen', name: 'contimeout' },
  { class: 'listen', name: 'srvtimeout' },
  { class: 'bind', name: 'bind <addr> process +1' },
  { class: 'option', name: 'option transparent [ ]' },
];

interface ListedObsolete {
  readonly class: 'global' | 'listen' | 'bind' | 'option';
  readonly name: string;
}

/** Words that HAProxy itself refuses by now, and what took their place. */
export const obsoleteWords: Readonly<Record<string, string>> = {
  appsession: 'stick tables replace it',
  'bind-process': '',
  block: "'http-request deny' replaces it",
  cliexp: "'http-request replace-header' replaces it",
  clitimeout: "'timeout client' replaces it",
  contimeout: "'timeout connect' replaces it",
  dispatch: 'a server with the same address replaces it',
  grace: "the global 'grace' replaces it",
  'monitor-net': "'http-request return status 200 if { src NETWORK }' replaces it",
  nbproc: 'threads replaced processes',
  'option forceclose': "'option httpclose' replaces it",
  'option http-tunnel': 'it is not needed',
  'option http_proxy': "'http-request set-dst' and 'http-request set-uri' replace it",
  'option transparent': 'a server with address 0.0.0.0 replaces it',
  redisp: "'option redispatch' replaces it",
  redispatch: "'option redispatch' replaces it",
  reqadd: "'http-request add-header' replaces it",
  reqallow: "'http-request allow' replaces it",
  reqdel: "'http-request del-header' replaces it",
  reqdeny: "'http-request deny' replaces it",
  reqiallow: "'http-request allow' replaces it",
  reqidel: "'http-request del-header' replaces it",
  reqideny: "'http-request deny' replaces it",
  reqipass: '',
  reqirep: "'http-request replace-header' replaces it",
  reqitarpit: "'http-request tarpit' replaces it",
  reqpass: '',
  reqrep: "'http-request replace-header' replaces it",
  reqtarpit: "'http-request tarpit' replaces it",
  rspadd: "'http-response add-header' replaces it",
  rspdel: "'http-response del-header' replaces it",
  rspdeny: "'http-response deny' replaces it",
  rspidel: "'http-response del-header' replaces it",
  rspideny: "'http-response deny' replaces it",
  rspirep: "'http-response replace-header' replaces it",
  rsprep: "'http-response replace-header' replaces it",
  srvexp: "'http-response replace-header' replaces it",
  srvtimeout: "'timeout server' replaces it",
  transparent: 'a server with address 0.0.0.0 replaces it',
  'tune.chksize': '',
  usesrc: "it stands after 'source'",
};
