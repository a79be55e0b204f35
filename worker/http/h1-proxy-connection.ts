// The non-standard Proxy-Connection header, for clients and servers that speak to a proxy (manual
// 4, option http-use-proxy-header): it takes the place of Connection. Called by the muxes where the
// option is set; never for anything else.

import { listHolds } from './h1-outgoing.ts';
import {
  connectionClose,
  connectionKeepAlive,
  headerName,
  headerWords,
  type Message,
  proxyHeader,
} from './message.ts';
import { slash } from './syntax.ts';

const proxyConnectionName = headerName('proxy-connection');
const closeWord = Uint8Array.from(Buffer.from('close'));
const keepAliveWord = Uint8Array.from(Buffer.from('keep-alive'));
const asterisk = 42;

/** Marks a request to a proxy (its target begins with neither a slash nor an asterisk). */
export function markProxied(message: Message): void {
  const first = message.bytes[message.targetAt];
  if (message.targetLength === 0 || first === slash || first === asterisk) return;
  message.flags |= proxyHeader;
  takeProxyConnection(message);
}

/** What the header says counts as if Connection had said it; the line leaves the message. */
export function takeProxyConnection(message: Message): void {
  const { bytes, headers } = message;
  for (let i = message.find(proxyConnectionName, 0); i >= 0; ) {
    const at = headers[i * headerWords + 2];
    const end = at + headers[i * headerWords + 3];
    if (listHolds(bytes, at, end, closeWord)) message.flags |= connectionClose;
    if (listHolds(bytes, at, end, keepAliveWord)) message.flags |= connectionKeepAlive;
    message.remove(i);
    i = message.find(proxyConnectionName, i + 1);
  }
}
