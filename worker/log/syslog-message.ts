// A message of somebody else as it came in (RFC 3164, RFC 5424, or neither): where its parts lie
// in the bytes. One object, filled again for every message. What is not there has length 0; a
// message that breaks its format keeps its priority and is passed on whole.

/** A part of the message: where it starts, and its bytes. */
export interface Span {
  at: number;
  length: number;
}

const newSpan = (): Span => ({ at: 0, length: 0 });

const space = 32;
const colon = 58;
const zero = 48;
const nil = 45;

/** Bytes of `Jan  1 00:00:00`, and of the shortest ISO date. */
export const legacyTimeLength = 15;
export const isoTimeMin = 20;

const months = Buffer.from('JanFebMarAprMayJunJulAugSepOctNovDec', 'latin1');

/** Month of the three letters at `at`, 0 to 11; 12 for none. */
export function monthAt(bytes: Uint8Array, at: number): number {
  for (let month = 0; month < 12; month++) {
    const of = month * 3;
    if (bytes[at] !== months[of] || bytes[at + 1] !== months[of + 1]) continue;
    if (bytes[at + 2] === months[of + 2]) return month;
  }
  return 12;
}

export class SyslogMessage {
  bytes: Uint8Array;
  /** -1: the message does not say. */
  level: number;
  facility: number;
  hasPriority: boolean;
  readonly time: Span;
  readonly host: Span;
  readonly tag: Span;
  readonly pid: Span;
  readonly messageId: Span;
  readonly structuredData: Span;
  /** The message proper, without its header. */
  readonly text: Span;
  private at: number;
  private end: number;

  constructor() {
    this.bytes = new Uint8Array(0);
    this.level = -1;
    this.facility = -1;
    this.hasPriority = false;
    this.time = newSpan();
    this.host = newSpan();
    this.tag = newSpan();
    this.pid = newSpan();
    this.messageId = newSpan();
    this.structuredData = newSpan();
    this.text = newSpan();
    this.at = 0;
    this.end = 0;
  }

  /** Takes `length` bytes from `at` as they are. */
  take(bytes: Uint8Array, at: number, length: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = at + length;
    this.level = -1;
    this.facility = -1;
    this.hasPriority = false;
    this.forgetParts();
    this.textFrom(at);
  }

  /** Takes them and finds the parts. */
  read(bytes: Uint8Array, at: number, length: number): void {
    this.take(bytes, at, length);
    if (length < 2 || bytes[at] !== 60 || !this.readPriority()) return;
    this.textFrom(this.at);
    const left = this.end - this.at;
    const isVersioned = left > 2 && bytes[this.at] === 49 && bytes[this.at + 1] === space;
    if (!isVersioned && left <= legacyTimeLength) return;
    if (!(isVersioned ? this.readVersioned() : this.readLegacy())) this.forgetParts();
  }

  private textFrom(at: number): void {
    this.text.at = at;
    this.text.length = this.end - at;
  }

  private forgetParts(): void {
    this.time.length = 0;
    this.host.length = 0;
    this.tag.length = 0;
    this.pid.length = 0;
    this.messageId.length = 0;
    this.structuredData.length = 0;
  }

  private readPriority(): boolean {
    const { bytes, end } = this;
    let value = 0;
    let at = this.at + 1;
    for (; bytes[at] !== 62; at++) {
      const digit = bytes[at] - zero;
      if (at + 1 >= end || digit < 0 || digit > 9) return false;
      value = (value * 10 + digit) | 0;
    }
    this.facility = value >> 3;
    this.level = value & 7;
    this.hasPriority = true;
    this.at = at + 1;
    return true;
  }

  /** RFC 5424: `1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG`. */
  private readVersioned(): boolean {
    this.at += 2;
    if (!this.readTime()) return false;
    if (!this.readField(this.host) || !this.readField(this.tag)) return false;
    if (!this.readField(this.pid) || !this.readField(this.messageId)) return false;
    if (!this.readStructuredData()) return false;
    this.textFrom(this.at);
    return true;
  }

  private readTime(): boolean {
    const { bytes, time, end } = this;
    const left = end - this.at;
    time.at = this.at;
    if (left > 2 && bytes[this.at] === nil && bytes[this.at + 1] === space) {
      time.length = 1;
      this.at += 2;
      return this.at < end && bytes[this.at] !== space;
    }
    if (left <= isoTimeMin) return false;
    let at = this.at + 19;
    if (bytes[at] === 46) {
      do at++;
      while (at < end && isDigit(bytes[at]));
      if (bytes[at] !== 90 && bytes[at] !== 43 && bytes[at] !== 45) return false;
    }
    at += bytes[at] === 90 ? 1 : 6;
    if (at >= end || bytes[at] !== space) return false;
    time.length = at - time.at;
    this.at = at + 1;
    return this.at < end && bytes[this.at] !== space;
  }

  /** A word and the space behind it; something must follow. `-` stands for nothing. */
  private readField(span: Span): boolean {
    const { bytes, end } = this;
    let at = this.at;
    if (at >= end || bytes[at] === space) return false;
    span.at = at;
    while (bytes[at] !== space) if (++at >= end) return false;
    span.length = at - span.at;
    if (span.length === 1 && bytes[span.at] === nil) span.length = 0;
    this.at = at + 1;
    return true;
  }

  /** Elements between brackets, in which `]` may be escaped, or `-`. */
  private readStructuredData(): boolean {
    const { bytes, end, structuredData } = this;
    let at = this.at;
    if (at >= end) return false;
    structuredData.at = at;
    if (bytes[at] === nil) {
      this.at = at + 2;
      return at + 1 < end && bytes[at + 1] === space;
    }
    if (bytes[at] !== 91) return false;
    for (let inside = false; inside || bytes[at] !== space; at++) {
      if (inside) inside = bytes[at] !== 93 || bytes[at - 1] === 92;
      else if (bytes[at] === 91) inside = true;
      else return false;
      if (at + 1 >= end) return false;
    }
    structuredData.length = at - structuredData.at;
    this.at = at + 1;
    return true;
  }

  /** RFC 3164: `Jan  1 00:00:00 HOSTNAME TAG[PID]: MSG`; tag and pid may be missing. */
  private readLegacy(): boolean {
    const { bytes, end, time, host } = this;
    if (monthAt(bytes, this.at) === 12) return false;
    time.at = this.at;
    time.length = legacyTimeLength;
    const behind = this.at + legacyTimeLength;
    if (behind >= end || bytes[behind] !== space) return false;
    let at = behind + 1;
    if (at >= end || bytes[at] === space) return false;
    host.at = at;
    while (bytes[at] !== space) if (++at >= end) return false;
    host.length = at - host.at;
    this.textFrom(at + 1);
    this.readTag(at + 1);
    return true;
  }

  /** `TAG: ` or `TAG[PID]: ` at `from`. */
  private readTag(from: number): void {
    const { bytes, end, tag, pid } = this;
    let stop = from;
    while (stop < end && bytes[stop] !== space && bytes[stop] !== colon) stop++;
    if (stop + 1 >= end || bytes[stop] !== colon || bytes[stop + 1] !== space) return;
    tag.at = from;
    pid.at = -1;
    for (let at = from; at < stop; at++) {
      if (bytes[at] === 91) {
        tag.length = at - from;
        pid.at = at + 1;
      } else if (bytes[at] === 93 && pid.at >= 0) {
        // Something between pid and colon: the tag is known, the text keeps it.
        if (at + 1 !== stop) return;
        pid.length = at - pid.at;
      }
    }
    if (tag.length === 0) tag.length = stop - from;
    this.textFrom(stop + 2);
  }
}

const isDigit = (code: number): boolean => code >= zero && code <= zero + 9;
