// TLS settings of global become part of every bind line and server that uses TLS, so that readers
// of the Model look in one place. Called by resolve.ts.

import { allProxies, type Draft, shareEqual } from './draft.ts';
import { freshServerSsl } from './fresh.ts';
import type { BindModel, CheckModel, ServerModel, SslDefaultsModel } from './model.ts';
import { useBindDefaults, useServerDefaults } from './tls-defaults.ts';
import { narrowVersions, noAlpn, versionWords } from './sections/bind-tls.ts';

/** Manual 5.1 "alpn": what lines in HTTP mode announce by themselves, by their `proto`. */
const httpAlpn: ReadonlyMap<string, string> = new Map([
  ['', 'h2,http/1.1'],
  ['h1', 'http/1.1'],
  ['h2', 'h2'],
]);

/** Completes every TLS line, and reports those that cannot work. Called once per load. */
export function mergeTlsDefaults(draft: Draft): void {
  const { ssl } = draft.global;
  for (const { model } of allProxies(draft)) {
    for (const bind of model.binds) mergeBind(bind, ssl, model.mode === 'http');
    for (const server of model.servers) {
      giveCheckTls(server, model.check, draft);
      mergeServer(server, ssl);
    }
  }
  for (const bind of draft.global.statsSockets) mergeBind(bind, ssl, false);
  reportMissing(draft);
}

/** Words of TLS for a server without `ssl` whose checks speak it, where its line has none. */
function giveCheckTls(server: ServerModel, own: CheckModel, draft: Draft): void {
  const { checks, ssl, spareSsl } = server;
  if (ssl !== null || spareSsl !== null || checks.tls !== null) return;
  if (!checksSpeakTls(server, own, draft)) return;
  const given = { ...checks, tls: freshServerSsl() };
  Object.assign(server, { checks: shareEqual(given, draft.equals.checks) });
}

function checksSpeakTls({ checks }: ServerModel, own: CheckModel, draft: Draft): boolean {
  if (checks.ssl === 'on') return true;
  const named = draft.healthchecks.find(({ name }) => name === checks.healthcheck);
  const { tcp, http } = named?.check ?? own;
  return [...tcp, ...http].some(({ words }) => words[0] === 'connect' && hasFlag(words, 'ssl'));
}

/** Words of `connect` that take a value, which may be any text. */
const withValue = new Set(['addr', 'port', 'proto', 'sni', 'alpn', 'comment']);

const hasFlag = (words: readonly string[], flag: string): boolean =>
  words.some((word, index) => word === flag && !withValue.has(words[index - 1] ?? ''));

function mergeBind(bind: BindModel, defaults: SslDefaultsModel, http: boolean): void {
  const { ssl } = bind;
  if (ssl === null) return;
  useBindDefaults(ssl, defaults);
  if (http) ssl.alpn ||= httpAlpn.get(bind.proto) ?? '';
  if (ssl.alpn === noAlpn) ssl.alpn = '';
  const words = defaults.bindOptions;
  mergeVersions(ssl, words);
  if (words.includes('no-tls-tickets')) ssl.tlsTickets = false;
  if (words.includes('prefer-client-ciphers')) ssl.preferClientCiphers = true;
  if (words.includes('strict-sni') && !ssl.noStrictSni) ssl.strictSni = true;
}

/** Both what is on and what could be turned on. */
export function mergeServer(server: ServerModel, defaults: SslDefaultsModel): void {
  const ssl = server.ssl ?? server.spareSsl ?? server.checks.tls;
  if (ssl === null) return;
  useServerDefaults(ssl, defaults);
  const words = defaults.serverOptions;
  mergeVersions(ssl, words);
  if (ssl.renegotiation !== '') return;
  const last = Math.max(words.lastIndexOf('renegotiate'), words.lastIndexOf('no-renegotiate'));
  if (last >= 0) ssl.renegotiation = words[last] === 'renegotiate' ? 'yes' : 'no';
}

interface Limits {
  sslMinVer: string;
  sslMaxVer: string;
}

/** What the line says wins over the defaults. */
function mergeVersions(limits: Limits, words: readonly string[]): void {
  const wanted: Limits = { sslMinVer: '', sslMaxVer: '' };
  for (const [index, word] of words.entries()) {
    const version = versionWords.find((one) => one.name === word);
    if (version !== undefined) narrowVersions(wanted, version);
    if (word === 'ssl-min-ver') wanted.sslMinVer = words[index + 1];
    if (word === 'ssl-max-ver') wanted.sslMaxVer = words[index + 1];
  }
  limits.sslMinVer ||= wanted.sslMinVer;
  limits.sslMaxVer ||= wanted.sslMaxVer;
}

/** TLS lines that cannot work: no certificate, or nothing to verify against. */
function reportMissing(draft: Draft): void {
  for (const { model } of allProxies(draft)) {
    for (const { ssl, place } of model.binds) {
      if (ssl === null) continue;
      if (ssl.crts.length === 0) {
        const message = `Proxy '${model.name}': no SSL certificate specified (use 'crt').`;
        draft.diagnostics.alert(place, message);
      }
      if (ssl.verify !== 'none' && ssl.caFile + ssl.caVerifyFile === '') {
        const message = `Proxy '${model.name}': verify is enabled but no CA file specified.`;
        draft.diagnostics.alert(place, message);
      }
    }
    for (const server of model.servers) {
      const { ssl: own, spareSsl, checks, place, name } = server;
      const forChecks = checksSpeakTls(server, model.check, draft) ? checks.tls : null;
      const ssl = own ?? spareSsl ?? forChecks;
      if (ssl === null || ssl.verify === 'none' || ssl.caFile !== '') continue;
      if (draft.global.ssl.serverVerify === 'none') ssl.verify = 'none';
      else {
        const message =
          `Proxy '${model.name}', server '${name}' verify is enabled by default but no CA file ` +
          "specified. 'verify none' allows any, 'ca-file @system-ca' uses the system's.";
        draft.diagnostics.alert(place, message);
      }
    }
  }
}
