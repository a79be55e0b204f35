// What the proxy itself changes in the headers of a request, after the rules: where it came from
// (forwardfor, originalto, forwarded), its unique id, and names that are not let through. Called by
// request.ts; a request that has no room for what must be added is refused (manual 4).

import { restrictedHeader } from '../http/h1-special.ts';
import { headerName } from '../http/message.ts';
import { verdictDeny, verdictNext } from '../keyword.ts';
import type { Endpoint } from '../conn/endpoint.ts';
import { type ForwardForPlan, namesPreserve, namesReject, type ProxyPlan } from '../program.ts';
import { settleParams } from './fcgi-params.ts';
import type { Stream } from './stream.ts';

const forwardedName = headerName('forwarded');

/**
 * Adds what the options of both proxies ask for, and what an application is told. False: there is
 * no room for it.
 */
export function addOrigin(stream: Stream): boolean {
  const { frontend, backend } = stream;
  return (
    addUniqueId(stream) &&
    addForwarded(stream) &&
    addAddress(stream, frontend.forwardFor, backend.forwardFor, stream.source) &&
    addAddress(stream, frontend.originalTo, backend.originalTo, stream.destination) &&
    (backend.fcgi === null || settleParams(stream, backend.fcgi))
  );
}

/**
 * `option forwardfor`, `originalto`: the backend's header name counts, either side's exception is
 * heard, and a header that is there already stays alone only when no side wants another one.
 */
function addAddress(
  stream: Stream,
  front: ForwardForPlan | null,
  back: ForwardForPlan | null,
  from: Endpoint,
): boolean {
  const plan = back ?? front;
  if (plan === null) return true;
  const { request } = stream;
  const ifNone = (front === null || front.ifNone) && (back === null || back.ifNone);
  if (ifNone && request.find(plan.name, 0) >= 0) return true;
  if (isExcepted(front, from) || isExcepted(back, from)) return true;
  const text = from.text();
  return text === '' || text === 'unix' || request.add(plan.name, text);
}

function isExcepted(plan: ForwardForPlan | null, from: Endpoint): boolean {
  return plan?.except?.(from.family, from.ipv4, from.bytes) === true;
}

function addUniqueId(stream: Stream): boolean {
  const { uniqueId, uniqueIdHeader } = stream.frontend;
  if (uniqueId === null) return true;
  if (stream.uniqueId === '') stream.uniqueId = uniqueId(stream);
  return uniqueIdHeader === null || stream.request.add(uniqueIdHeader, stream.uniqueId);
}

/** RFC 7239: ours goes behind what came, unless one of those cannot be trusted to be understood. */
function addForwarded(stream: Stream): boolean {
  const { forwarded } = stream.backend;
  if (forwarded === null) return true;
  const { request } = stream;
  const text = forwarded.text(stream);
  let last = -1;
  for (let i = request.find(forwardedName, 0); i >= 0; i = request.find(forwardedName, i + 1)) {
    if (!forwarded.isValid(request.valueText(i))) return request.add(forwardedName, text);
    last = i;
  }
  if (last < 0) return request.add(forwardedName, text);
  return request.setValue(last, `${request.valueText(last)}, ${text}`);
}

/**
 * `http-send-name-header`: the name of the server that the request is about to be sent to, in place
 * of any that is there. As in HAProxy nothing is said when there is no room for it.
 */
export function addServerName({ request, backend, server }: Stream): void {
  const name = backend.serverNameHeader!; // the caller has looked
  request.removeAll(name);
  if (server !== null) request.add(name, server.name);
}

/** `option http-restrict-req-hdr-names` of one proxy: verdictNext, or verdictDeny. */
export function restrictNames(stream: Stream, proxy: ProxyPlan): number {
  if (proxy.restrictNames === namesPreserve) return verdictNext;
  const { request } = stream;
  for (let i = restrictedHeader(request, 0); i >= 0; i = restrictedHeader(request, i + 1)) {
    if (proxy.restrictNames === namesReject) return verdictDeny;
    request.remove(i);
  }
  return verdictNext;
}
