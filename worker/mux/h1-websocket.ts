// WebSocket towards a server of HTTP/1 for a client of HTTP/2: there is a key in the one, none in
// the other (RFC 8441 5): it is made here, and the answer to it is checked. Called by h1-back.ts.

import { connectionUpgrade, headerName, type Message } from '../http/message.ts';
import { websocketAccept, websocketKey } from '../http/websocket.ts';

const upgradeName = headerName('upgrade');
const keyName = headerName('sec-websocket-key');
const acceptName = headerName('sec-websocket-accept');

/**
 * Adds a key to a request for a WebSocket that has none. The Sec-WebSocket-Accept that a 101 must
 * have, '' for any; null: there is no room in the head.
 */
export function askWebsocket(request: Message): string | null {
  if ((request.flags & connectionUpgrade) === 0) return '';
  const upgrade = request.find(upgradeName, 0);
  if (upgrade < 0 || request.valueText(upgrade).toLowerCase() !== 'websocket') return '';
  if (request.find(keyName, 0) >= 0) return '';
  const key = websocketKey();
  return request.add(keyName, key) ? websocketAccept(key) : null;
}

/** Is `expected` (see above) what the response says? */
export function isWebsocket(response: Message, expected: string): boolean {
  if (expected === '' || response.status !== 101) return true;
  const accept = response.find(acceptName, 0);
  return accept >= 0 && response.valueText(accept) === expected;
}
