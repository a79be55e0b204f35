// Frames of HTTP/2 (RFC 9113 4, 6): their numbers, what makes one invalid whatever the streams are
// doing, and how one is written. Used by mux/h2-*.ts. Pure: bytes in and out, no state.

export const frameHeaderBytes = 9;

export const frameData = 0;
export const frameHeaders = 1;
export const framePriority = 2;
export const frameReset = 3;
export const frameSettings = 4;
export const framePush = 5;
export const framePing = 6;
export const frameGoaway = 7;
export const frameWindow = 8;
export const frameContinuation = 9;

/** Flags; END_STREAM and ACK share a bit. */
export const flagEndStream = 1;
export const flagAck = 1;
export const flagEndHeaders = 4;
export const flagPadded = 8;
export const flagPriority = 32;

/** Error codes (RFC 9113 7). */
export const errorNone = 0;
export const errorProtocol = 1;
export const errorInternal = 2;
export const errorFlowControl = 3;
export const errorSettingsTimeout = 4;
export const errorStreamClosed = 5;
export const errorFrameSize = 6;
export const errorRefused = 7;
export const errorCancel = 8;
export const errorCompression = 9;
export const errorConnect = 10;
export const errorCalm = 11;
export const errorSecurity = 12;
export const errorHttp11 = 13;

/** Settings (RFC 9113 6.5.2, RFC 8441 3). */
export const settingTableSize = 1;
export const settingPush = 2;
export const settingStreams = 3;
export const settingWindow = 4;
export const settingFrameSize = 5;
export const settingListSize = 6;
export const settingConnect = 8;

/** What both sides start from (RFC 9113 6.9.2, 4.2). */
export const windowDefault = 65_535;
export const windowMax = 0x7fff_ffff;
export const frameBytesDefault = 16_384;
export const frameBytesMax = 0xff_ffff;
export const streamIdMax = 0x7fff_ffff;

/** The client's first bytes (RFC 9113 3.4). */
export const preface = Uint8Array.from(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));

const anywhere = 3;
const onStream = 1;

/**
 * By type: where the frame belongs (1 a stream, 2 the connection, 3 either), and the bytes it has
 * at least and at most (-1: as many as a frame may have).
 */
const places = [1, 1, 1, 1, 2, 1, 2, 2, 3, 1];
const shortest = [0, 0, 5, 4, 0, 4, 8, 8, 4, 0];
const longest = [-1, -1, 5, 4, -1, -1, 8, -1, 4, -1];

/**
 * 0, or the connection error that a frame is by its header alone (RFC 9113 4.1 to 6.10). Types that
 * are not known are fine: they are skipped (4.1).
 */
export function frameFault(type: number, length: number, streamId: number): number {
  if (type > frameContinuation) return 0;
  const place = places[type];
  const isOnStream = streamId > 0;
  if (place !== anywhere && isOnStream !== (place === onStream)) return errorProtocol;
  if (length < shortest[type]) return errorFrameSize;
  return longest[type] >= 0 && length > longest[type] ? errorFrameSize : 0;
}

/** 32 bits of the wire, unsigned. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Writes 32 bits; returns the offset after them. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** A frame's header, ready to be written. One per connection is filled again and again. */
export class FrameHeader {
  length: number;
  type: number;
  flags: number;
  streamId: number;

  constructor() {
    this.length = 0;
    this.type = 0;
    this.flags = 0;
    this.streamId = 0;
  }

  /** Reads the nine bytes at `at` (RFC 9113 4.1). The reserved bit is ignored. */
  read(bytes: Uint8Array, at: number): void {
    this.length = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
    this.type = bytes[at + 3];
    this.flags = bytes[at + 4];
    this.streamId = readUint32(bytes, at + 5) & streamIdMax;
  }

  set(length: number, type: number, flags: number, streamId: number): this {
    this.length = length;
    this.type = type;
    this.flags = flags;
    this.streamId = streamId;
    return this;
  }

  /** Writes nine bytes; returns the offset after them. */
  write(bytes: Uint8Array, at: number): number {
    bytes[at] = this.length >>> 16;
    bytes[at + 1] = this.length >>> 8;
    bytes[at + 2] = this.length;
    bytes[at + 3] = this.type;
    bytes[at + 4] = this.flags;
    return writeUint32(bytes, at + 5, this.streamId);
  }
}

/** Writes one setting; returns the offset after it. */
export function writeSetting(bytes: Uint8Array, at: number, name: number, value: number): number {
  bytes[at] = name >>> 8;
  bytes[at + 1] = name;
  return writeUint32(bytes, at + 2, value);
}
