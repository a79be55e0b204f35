// The request of an HTTP check (manual 4.2, option httpchk, http-check send), with the header that
// tells the server what is thought of it, and its HTTP/1 form. Control thread.

import type { Stream } from '../stream/stream.ts';
import type { CheckRequest } from './h2.ts';
import type { CheckPlan, RequestStep } from './plan.ts';
import type { RunSubject } from './stage.ts';

/** Methods that carry no body, and hence no length when there is none. */
const bodiless: ReadonlySet<string> = new Set(['OPTIONS', 'GET', 'HEAD', 'DELETE']);

/** What a request tells of beside its step. */
interface RequestPlace {
  readonly subject: RunSubject;
  readonly plan: CheckPlan;
  /** The connection is of use to others after it. */
  readonly stays: boolean;
}

/** Evaluates the request of a step. */
export function requestOf(
  step: RequestStep,
  stream: Stream,
  { subject, plan, stays }: RequestPlace,
): CheckRequest {
  const method = step.method || 'OPTIONS';
  const body = step.body?.(stream) ?? '';
  const headers: [string, string][] = [];
  for (const { name, value } of step.headers) {
    const text = value(stream);
    if (text !== '') headers.push([name, text]);
  }
  if (plan.sendsState) headers.push(['x-haproxy-server-state', subject.stateText()]);
  const version = step.version || 'HTTP/1.0';
  if (!headers.some(([name]) => name === 'connection')) {
    if (!stays) headers.push(['connection', 'close']);
    else if (version === 'HTTP/1.0') headers.push(['connection', 'keep-alive']);
  }
  if (body !== '' || !bodiless.has(method)) headers.push(['content-length', String(body.length)]);
  const uri = step.uri?.(stream) || '/';
  return { method, uri, version, headers, body };
}

/** As HTTP/1 writes it. */
export function h1Text({ method, uri, version, headers, body }: CheckRequest): string {
  let text = `${method} ${uri} ${version}\r\n`;
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  return `${text}\r\n${body}`;
}
