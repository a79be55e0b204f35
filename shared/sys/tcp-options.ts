// Values of TCP socket options that are more than a number.

const storageBytes = 128;
const keyBytesMax = 80;
const flagPrefix = 1;

/** Name of a congestion control for TCP_CONGESTION. */
export function congestionName(name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(name, 'latin1'));
}

/**
 * `struct tcp_md5sig` (linux/tcp.h) for TCP_MD5SIG: address (128 bytes), flags, prefix length, key
 * length (16 bits), interface (32 bits), key (80 bytes). `peer`: a sockaddr as the kernel wants it.
 */
export function md5Signature(peer: Uint8Array, key: string): Uint8Array {
  const value = new Uint8Array(storageBytes + 8 + keyBytesMax);
  value.set(peer.subarray(0, Math.min(peer.length, storageBytes)));
  writeKey(value, key);
  return value;
}

/** The same for TCP_MD5SIG_EXT and all addresses of a family: a prefix of no bits. */
export function md5SignatureOfAll(family: number, key: string): Uint8Array {
  const value = new Uint8Array(storageBytes + 8 + keyBytesMax);
  new Uint16Array(value.buffer, 0, 1)[0] = family;
  value[storageBytes] = flagPrefix;
  writeKey(value, key);
  return value;
}

function writeKey(value: Uint8Array, key: string): void {
  new Uint16Array(value.buffer, storageBytes + 2, 1)[0] = key.length;
  value.set(Buffer.from(key, 'latin1'), storageBytes + 8);
}
