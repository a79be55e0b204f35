// `redir` of a server: GET and HEAD requests that would go to it are sent elsewhere by the client
// itself (manual 5.2). The answer of such a server; made at start, once per server.

import { headerName, methodGet, methodHead } from '../http/message.ts';
import { pathIndex } from '../http/uri.ts';
import type { ReplyPlan } from '../program.ts';
import type { Stream } from '../stream/stream.ts';

const cacheControl = { name: headerName('cache-control'), value: () => 'no-cache' };
const location = headerName('location');

/** null: the server has no `redir`. A prefix of `/` leaves the path as it is. */
export function serverRedirect(prefix: string): ReplyPlan | null {
  if (prefix === '') return null;
  const start = prefix === '/' ? '' : prefix;
  const value = ({ request }: Stream): string => {
    const target = request.target();
    return start + target.slice(pathIndex(target));
  };
  return {
    status: 302,
    reason: 'Found',
    headers: [cacheControl, { name: location, value }],
    body: null,
    contentType: '',
    silent: false,
    closes: false,
    fromProxy: false,
  };
}

/** A request that `redir` speaks about. */
export function isRedirectable({ backend, request }: Stream): boolean {
  if (!backend.isHttp || (request.method !== methodGet && request.method !== methodHead)) {
    return false;
  }
  return pathIndex(request.target()) >= 0;
}
