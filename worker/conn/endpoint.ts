// One end of a connection: family, address and port as numbers and bytes; text is made on demand
// and kept. Filled from the kernel's sockaddr, from a PROXY header, or by set-src/set-dst and
// friends.

/** Values of `Endpoint.family`. */
export const familyNone = 0;
export const familyUnix = 1;
export const familyIpv4 = 4;
export const familyIpv6 = 6;

export class Endpoint {
  family: number;
  /** Unsigned 32-bit address when `family` is IPv4. */
  ipv4: number;
  /** Sixteen characters, one per byte, when `family` is IPv6; the path when it is a unix socket. */
  bytes: string;
  port: number;
  private cachedText: string;

  constructor() {
    this.family = familyNone;
    this.ipv4 = 0;
    this.bytes = '';
    this.port = 0;
    this.cachedText = '';
  }

  clear(): void {
    this.family = familyNone;
    this.ipv4 = 0;
    this.bytes = '';
    this.port = 0;
    this.cachedText = '';
  }

  setIpv4(address: number, port: number): void {
    if (this.family !== familyIpv4 || this.ipv4 !== address) this.cachedText = '';
    this.family = familyIpv4;
    this.ipv4 = address;
    this.port = port;
  }

  /** `bytes`: sixteen characters. */
  setIpv6(bytes: string, port: number): void {
    this.family = familyIpv6;
    this.bytes = bytes;
    this.port = port;
    this.cachedText = '';
  }

  setUnix(path: string): void {
    this.family = familyUnix;
    this.bytes = path;
    this.port = 0;
    this.cachedText = '';
  }

  copy(other: Endpoint): void {
    this.family = other.family;
    this.ipv4 = other.ipv4;
    this.bytes = other.bytes;
    this.port = other.port;
    this.cachedText = other.cachedText;
  }

  /** The address without the port: dotted quad, RFC 5952 form, or `unix`. '' when unknown. */
  text(): string {
    if (this.cachedText === '') this.cachedText = this.format();
    return this.cachedText;
  }

  private format(): string {
    if (this.family === familyIpv4) return ipv4Text(this.ipv4);
    if (this.family === familyIpv6) return ipv6Text(this.bytes);
    return this.family === familyUnix ? 'unix' : '';
  }
}

/** Dotted quad of an unsigned 32-bit number. */
export function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** RFC 5952 text of sixteen bytes; an IPv4-mapped address is written ::ffff:a.b.c.d. */
export function ipv6Text(bytes: string): string {
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push((bytes.charCodeAt(i) << 8) | bytes.charCodeAt(i + 1));
  if (isMapped(words)) return `::ffff:${ipv4Text(((words[6] << 16) | words[7]) >>> 0)}`;
  const [start, length] = longestZeroRun(words);
  if (length < 2) return words.map(hex).join(':');
  const head = words.slice(0, start).map(hex).join(':');
  const tail = words
    .slice(start + length)
    .map(hex)
    .join(':');
  return `${head}::${tail}`;
}

function hex(word: number): string {
  return word.toString(16);
}

function isMapped(words: readonly number[]): boolean {
  for (let i = 0; i < 5; i++) if (words[i] !== 0) return false;
  return words[5] === 0xffff;
}

function longestZeroRun(words: readonly number[]): readonly [start: number, length: number] {
  let start = 0;
  let length = 0;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && words[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  return [start, length];
}
