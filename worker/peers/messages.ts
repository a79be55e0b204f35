// Messages of the peers protocol 2.1 as bytes: their numbers, how they are framed, and how a
// stream of bytes becomes messages again. What they say of tables is in table-definition.ts,
// update-writer.ts and update-reader.ts.
//
//   message        class, type; types from 128 on: length (varint), as many bytes

import { ByteReader, varintMax, writeVarint } from './varint.ts';

export const classControl = 0;
export const classError = 1;
export const classTable = 10;
export const classReserved = 255;

export const resyncRequest = 0;
export const resyncFinished = 1;
export const resyncPartial = 2;
export const resyncConfirm = 3;
export const heartbeat = 4;

export const errorProtocol = 0;
export const errorSize = 1;

export const tableUpdate = 0x80;
export const tableIncrement = 0x81;
export const tableDefine = 0x82;
export const tableSwitch = 0x83;
export const tableAck = 0x84;
export const tableUpdateTimed = 0x85;
export const tableIncrementTimed = 0x86;
const withData = 0x80;

/** What a handshake ends with, and what `show peers` calls it. */
export const statusConnecting = 100;
export const statusConnected = 110;
export const statusSuccess = 200;
export const statusTryAgain = 300;
export const statusProtocol = 501;
export const statusVersion = 502;
export const statusHost = 503;
export const statusPeer = 504;

export const protocolName = 'HAProxyS';
export const majorVersion = 2;
export const minorVersion = 1;
/** What is announced to a peer that refused the version above. */
export const oldMinorVersion = 0;

/** Header and length of a message with data: what must be free before its data. */
export const headMax = 2 + varintMax;

/** A message without data. */
export function controlMessage(kind: number, type: number): Buffer {
  return Buffer.from([kind, type]);
}

/**
 * Puts the header before data that lies in `bytes` from `at + headMax` to `end`, and moves the data
 * to it; returns where the message ends.
 */
export function closeMessage(bytes: Buffer, at: number, type: number, end: number): number {
  const dataAt = at + headMax;
  const length = end - dataAt;
  bytes[at] = classTable;
  bytes[at + 1] = type;
  const next = writeVarint(bytes, at + 2, length);
  bytes.copy(bytes, next, dataAt, end);
  return next + length;
}

/** A table message with the given data. */
export function dataMessage(type: number, write: (bytes: Buffer, at: number) => number): Buffer {
  const bytes = Buffer.alloc(dataMax);
  const end = write(bytes, headMax);
  return bytes.subarray(0, closeMessage(bytes, 0, type, end));
}

/** More than definitions and acknowledgements ever take. */
const dataMax = 4096;

/** Says that the table's updates up to `updateId` have been taken in. */
export function ackMessage(remoteId: number, updateId: number): Buffer {
  return dataMessage(tableAck, (bytes, at) => {
    const next = writeVarint(bytes, at, remoteId);
    return bytes.writeUInt32BE(updateId >>> 0, next);
  });
}

export const frameIncomplete = 0;
export const frameReady = 1;
/** The length is no number. */
export const frameBroken = 2;
/** The message is longer than anybody should send. */
export const frameTooLong = 3;

/** Cuts the bytes of a connection into messages. */
export class FrameReader {
  /** Of the message that `next` has found: it is valid until more bytes are pushed. */
  kind: number;
  type: number;
  data: ByteReader;
  private bytes: Buffer;
  private at: number;
  private readonly lengthMax: number;

  /** `lengthMax`: longest data that is taken. */
  constructor(lengthMax: number) {
    this.kind = 0;
    this.type = 0;
    this.bytes = Buffer.alloc(0);
    this.data = new ByteReader(this.bytes, 0, 0);
    this.at = 0;
    this.lengthMax = lengthMax;
  }

  push(more: Buffer): void {
    const left = this.bytes.subarray(this.at);
    this.bytes = left.length === 0 ? more : Buffer.concat([left, more]);
    this.at = 0;
  }

  /** One of frame*. */
  next(): number {
    const { bytes, at } = this;
    if (bytes.length - at < 2) return frameIncomplete;
    this.kind = bytes[at];
    this.type = bytes[at + 1];
    if (this.type < withData) {
      this.at = at + 2;
      this.data = new ByteReader(bytes, this.at, this.at);
      return frameReady;
    }
    const head = new ByteReader(bytes, at + 2, Math.min(bytes.length, at + 2 + lengthBytesMax));
    const length = head.varint();
    if (head.failed) return bytes.length - at - 2 < lengthBytesMax ? frameIncomplete : frameBroken;
    if (length > this.lengthMax) return frameTooLong;
    if (bytes.length - head.at < length) return frameIncomplete;
    this.at = head.at + length;
    this.data = new ByteReader(bytes, head.at, this.at);
    return frameReady;
  }

  /** The line that begins here without its end, null: it has not ended yet. */
  line(): string | null {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) return null;
    const text = this.bytes.toString('latin1', this.at, end);
    this.at = end + 1;
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }

  /** Bytes that wait for the rest of their message. */
  get waiting(): number {
    return this.bytes.length - this.at;
  }
}

/** A length of 32 bits needs no more. */
const lengthBytesMax = 5;
