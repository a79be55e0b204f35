// What the running kernel can do, found out by trying (`feature()`, `-vv`): asked for at most once,
// since it takes a socket.

import { AF_INET, IPPROTO_TCP, SOCK_STREAM, TCP_MD5SIG } from '../sys/constants.ts';
import { linuxSys } from '../sys/linux.ts';
import { encodeAddress } from '../sys/sockaddr.ts';
import { md5Signature } from '../sys/tcp-options.ts';
import type { Feature } from './features.ts';

let known: readonly Feature[] | null = null;

/** In alphabetical order. */
export function detectedFeatures(): readonly Feature[] {
  known ??= [{ name: 'HAVE_WORKING_TCP_MD5SIG', works: signsSegments() }];
  return known;
}

/** Some kernels are built without TCP MD5 signatures (RFC 2385). */
function signsSegments(): boolean {
  const sys = linuxSys();
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return false;
  const peer = sys.address();
  encodeAddress({ family: 'ipv4', host: '127.0.0.1', port: 0 }, peer);
  const value = md5Signature(peer.region.bytes.subarray(0, peer.length), 'key');
  const result = sys.setsockoptBytes(fd, IPPROTO_TCP, TCP_MD5SIG, value);
  sys.close(fd);
  return result >= 0;
}
