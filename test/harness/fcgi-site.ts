// A proxy in front of a FastCGI application for tests: one backend, one application, requests that
// are the last of their connections.

import {
  type Responder,
  type ResponderOptions,
  type Script,
  startResponder,
} from './fcgi-responder.ts';
import { inherited, type Owner, type RunningProxy, request, startProxy } from './proxy.ts';

/** Lines of a section, beside those that every test has. `PORT`: that of the application. */
export interface SiteLines {
  readonly global?: string;
  readonly frontend?: string;
  readonly backend?: string;
  readonly app?: string;
  /** Words of the server line. */
  readonly server?: string;
}

const configOf = (port: number, lines: SiteLines): string =>
  `
global
  nbthread 1
  log stderr format raw local0
  ${lines.global ?? ''}
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 2s
  log global
  log-format "%[capture.req.uri] %ST %ts %rc %s"
frontend fe
  bind "${inherited('fe')}"
  ${lines.frontend ?? ''}
  default_backend be
backend be
  use-fcgi-app app
  server s1 127.0.0.1:PORT proto fcgi ${lines.server ?? ''}
  ${lines.backend ?? ''}
fcgi-app app
  docroot /srv
  log-stderr stderr format raw local0
  ${lines.app ?? ''}
`.replaceAll('PORT', String(port));

export class FcgiSite {
  readonly proxy: RunningProxy;
  readonly app: Responder;

  constructor(proxy: RunningProxy, app: Responder) {
    this.proxy = proxy;
    this.app = app;
  }

  get port(): number {
    return this.proxy.port('fe');
  }

  /** The whole answer to `line` (method, target, header lines) on a connection of its own. */
  ask(line: string, body = ''): Promise<string> {
    const [first, ...more] = line.split('\r\n');
    const head = [`${first} HTTP/1.1`, 'Host: h', 'Connection: close', ...more].join('\r\n');
    return request(this.port, `${head}\r\n\r\n${body}`);
  }
}

/** Starts both; ended with the test. */
export async function startSite(
  owner: Owner,
  script: Script,
  lines: SiteLines = {},
  options: ResponderOptions = {},
): Promise<FcgiSite> {
  const app = await startResponder(owner, script, options);
  return new FcgiSite(startProxy(owner, { config: configOf(app.port, lines) }), app);
}

export const headOf = (answer: string): string => answer.slice(0, answer.indexOf('\r\n\r\n'));

/** The body, out of its chunks if it came in such. */
export function bodyOf(answer: string): string {
  const rest = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  if (!/\r\ntransfer-encoding: chunked/i.test(headOf(answer))) return rest;
  let [body, at] = ['', 0];
  for (;;) {
    const end = rest.indexOf('\r\n', at);
    const size = end < 0 ? 0 : Number.parseInt(rest.slice(at, end), 16);
    if (size === 0) return body;
    body += rest.slice(end + 2, end + 2 + size);
    at = end + 4 + size;
  }
}
