// The handshake of WebSocket in HTTP/1 (RFC 6455 4): made here where HTTP/2 stands on the other
// side and has none (RFC 8441 5). Called by the muxes, once per handshake.

import { createHash, randomBytes } from 'node:crypto';

const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A fresh Sec-WebSocket-Key. Proxy thread; RFC 6455 4.1. */
export function websocketKey(): string {
  return randomBytes(16).toString('base64');
}

/** The Sec-WebSocket-Accept that answers `key`. Proxy thread; RFC 6455 4.2.2. */
export function websocketAccept(key: string): string {
  return createHash('sha1')
    .update(key + magic)
    .digest('base64');
}
