// What a log line shows of messages that are gone when it is written: the request line as received
// and the captured cookies and request headers. Called by the engine when a head is complete.

import { headerName, type Message, versionH2 } from '../http/message.ts';
import type { ProxyModel } from '../../shared/config/model.ts';
import type { Stream } from '../stream/stream.ts';

const cookieHeader = headerName('cookie');
const setCookieHeader = headerName('set-cookie');

/**
 * Keeps the request line (cut at tune.http.logurilen) and the captured cookie. Before any rule
 * runs.
 */
export function captureRequest(stream: Stream): void {
  captureHeaders(stream);
  const { frontend, request } = stream;
  if (frontend.log === null) return;
  const line = `${request.methodText()} ${request.target()} ${versionText(request)}`;
  const max = stream.thread.program.model.global.tune.httpLogurilen - 1;
  stream.requestLine = line.length > max ? line.slice(0, max) : line;
  const wanted = frontend.model.captureCookie;
  if (wanted !== null) stream.requestCookie = cookieIn(request, wanted, stream);
}

function captureHeaders({ frontend, request, requestCaptures }: Stream): void {
  const captures = frontend.captureRequestHeaders;
  for (let i = 0; i < captures.length; i++) {
    const found = request.findLast(captures[i].name);
    requestCaptures[i] = found < 0 ? '' : request.valueText(found).slice(0, captures[i].lengthMax);
  }
}

/** Keeps the cookie that the server sets. Before any response rule runs. */
export function captureResponse(stream: Stream): void {
  const wanted = stream.frontend.model.captureCookie;
  if (wanted === null || stream.frontend.log === null) return;
  const { response } = stream;
  let index = response.find(setCookieHeader, 0);
  for (; index >= 0; index = response.find(setCookieHeader, index + 1)) {
    const value = response.valueText(index);
    const end = value.indexOf(';');
    const pair = (end < 0 ? value : value.slice(0, end)).trim();
    if (isWanted(pair, wanted)) stream.responseCookie = cut(pair, wanted, stream);
  }
}

type WantedCookie = NonNullable<ProxyModel['captureCookie']>;

function cookieIn(request: Message, wanted: WantedCookie, stream: Stream): string {
  let index = request.find(cookieHeader, 0);
  for (; index >= 0; index = request.find(cookieHeader, index + 1)) {
    const value = request.valueText(index);
    for (let from = 0; from < value.length; ) {
      const end = value.indexOf(';', from);
      const stop = end < 0 ? value.length : end;
      const pair = value.slice(from, stop).trim();
      if (isWanted(pair, wanted)) return cut(pair, wanted, stream);
      from = stop + 1;
    }
  }
  return '';
}

function isWanted(pair: string, { name, exact }: WantedCookie): boolean {
  if (!pair.startsWith(name)) return false;
  return !exact || pair.charCodeAt(name.length) === 61;
}

function cut(pair: string, { lengthMax }: WantedCookie, stream: Stream): string {
  const { httpCookielen } = stream.thread.program.model.global.tune;
  return pair.slice(0, Math.min(lengthMax, httpCookielen - 1));
}

function versionText(request: Message): string {
  if (request.protocolLength > 0) return request.text(request.protocolAt, request.protocolLength);
  if (request.version === versionH2) return 'HTTP/2.0';
  return request.version === 10 ? 'HTTP/1.0' : 'HTTP/1.1';
}
