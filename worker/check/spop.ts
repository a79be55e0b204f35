// The hello of `option spop-check` and what an agent answers to it (SPOE protocol 2.0, 3.2.1 and
// 3.2.5: frames of key-value lists). Control thread only.

import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import type { Answer } from './answer.ts';
import { type ExpectStep, judgedBad, judgedOver, judgedWait } from './plan.ts';

const L7Ok = checkStatusNumber('L7OK');
const L7Response = checkStatusNumber('L7RSP');

const typeMask = 0x0f;
const typeBool = 1;
const typeString = 8;
/** Bytes behind the type of a value, by type; -1: a number of variable length, -2: a text. */
const valueBytes: readonly number[] = [0, 0, -1, -1, -1, -1, 4, 16, -2, -2];

/** Error numbers of the protocol and what reports call them. */
const errors: Readonly<Record<number, string>> = {
  0: 'normal',
  1: 'I/O error',
  2: 'a timeout occurred',
  3: 'frame is too big',
  4: 'invalid frame received',
  5: 'version value not found',
  6: 'max-frame-size value not found',
  7: 'capabilities value not found',
  8: 'unsupported version',
  9: 'max-frame-size too big or too small',
  10: 'fragmentation not supported',
  11: 'invalid interlaced frames',
  12: 'frame-id not found',
  13: 'resource allocation error',
  99: 'an unknown error occurred',
};
const errorInvalid = 4;
const errorNoVersion = 5;
const errorNoFrameSize = 6;
const errorNoCapabilities = 7;
const errorVersion = 8;
const errorFrameSize = 9;
const errorUnknown = 99;

const agentHello = 101;
const agentDisconnect = 102;
const frameSizeMin = 256;

function varint(value: number): string {
  if (value < 240) return String.fromCharCode(value);
  let text = String.fromCharCode((value & 0xff) | 0xf0);
  let rest = (value - 240) >> 4;
  while (rest >= 128) {
    text += String.fromCharCode((rest & 0xff) | 128);
    rest = (rest - 128) >> 7;
  }
  return text + String.fromCharCode(rest);
}

const textValue = (text: string): string => varint(text.length) + text;
const typedText = (text: string): string => `\x08${textValue(text)}`;
const offeredFrameSize = 16_380;

function hello(): string {
  const items =
    textValue('supported-versions') +
    typedText('2.0') +
    textValue('max-frame-size') +
    `\x03${varint(offeredFrameSize)}` +
    textValue('capabilities') +
    typedText('') +
    textValue('healthcheck') +
    '\x11';
  // Type 1, flags FIN, stream and frame 0.
  const frame = `\x01\0\0\0\x01\0\0${items}`;
  return `\0\0\0${String.fromCharCode(frame.length)}${frame}`;
}

/** HAPROXY-HELLO with the flag of a health check. */
export const spopHello = hello();

interface Item {
  readonly key: string;
  readonly type: number;
  readonly text: string;
  readonly number: number;
}

/** Reads key-value items; `fault` once one is broken. */
class ItemReader {
  readonly text: string;
  at: number;
  fault: boolean;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
    this.fault = false;
  }

  next(): Item | null {
    if (this.at >= this.text.length) return null;
    const key = this.string();
    if (key === '') this.fault = true;
    const type = this.text.charCodeAt(this.at++) & typeMask;
    const bytes = valueBytes[type];
    let text = '';
    let number = 0;
    if (type === typeBool || bytes === 0) number = 0;
    else if (bytes === -1) number = this.varint();
    else if (bytes === -2) text = this.string();
    else if (bytes === undefined) this.fault = true;
    else this.at += bytes;
    return this.fault || this.at > this.text.length ? this.broken() : { key, type, text, number };
  }

  private broken(): null {
    this.fault = true;
    return null;
  }

  private varint(): number {
    let value = this.text.charCodeAt(this.at++);
    if (value < 240) return value;
    let factor = 16;
    for (;;) {
      const byte = this.text.charCodeAt(this.at++);
      if (Number.isNaN(byte) || Number.isNaN(value)) {
        this.fault = true;
        return 0;
      }
      value += byte * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  private string(): string {
    const length = this.varint();
    const text = this.text.slice(this.at, this.at + length);
    this.at += length;
    if (text.length < length) this.fault = true;
    return text;
  }
}

const isNumber = ({ type }: Item): boolean => valueBytes[type] === -1;

function readHello(reader: ItemReader, sizeMax: number): number {
  let version = 0;
  let frameSize = 0;
  let capabilities = false;
  for (let item = reader.next(); item !== null; item = reader.next()) {
    if (item.key === 'version') {
      if (item.type !== typeString) return errorInvalid;
      const match = /^ *(\d)\.(\d+) *$/.exec(item.text);
      if (match === null) return errorInvalid;
      if (match[1] !== '2') return errorVersion;
      version = 2;
    } else if (item.key === 'max-frame-size') {
      if (!isNumber(item)) return errorInvalid;
      if (item.number < frameSizeMin || item.number > sizeMax) return errorFrameSize;
      frameSize = item.number;
    } else if (item.key === 'capabilities') {
      if (item.type !== typeString) return errorInvalid;
      capabilities = true;
    }
  }
  if (reader.fault) return errorInvalid;
  if (version === 0) return errorNoVersion;
  if (frameSize === 0) return errorNoFrameSize;
  return capabilities ? 0 : errorNoCapabilities;
}

function fail(answer: Answer, code: number, message = ''): number {
  answer.status = L7Response;
  answer.code = code;
  answer.info = message === '' ? (errors[code] ?? errors[errorUnknown]) : message;
  return judgedBad;
}

function readDisconnect(answer: Answer, reader: ItemReader): number {
  let code = 0;
  let message = '';
  for (let item = reader.next(); item !== null; item = reader.next()) {
    if (item.key === 'status-code') {
      if (!isNumber(item)) return fail(answer, errorInvalid);
      code = Math.min(item.number, errorUnknown);
    } else if (item.key === 'message') {
      if (item.type !== typeString || item.text.length > 255) return fail(answer, errorInvalid);
      message = item.text;
    }
  }
  return reader.fault ? fail(answer, errorInvalid) : fail(answer, code, message);
}

/** Length, type, flags, stream and frame. */
const headBytes = 11;

export const judgeSpop: ExpectStep['judge'] = (answer, isLast) => {
  const text = answer.text();
  const isFinal = isLast || answer.isFull();
  if (text.length < headBytes) return isFinal ? unfinished(answer) : judgedWait;
  const bytes = Buffer.from(text.slice(0, headBytes), 'latin1');
  const length = bytes.readUInt32BE(0);
  const type = bytes[4];
  const isKnown = type === agentHello || type === agentDisconnect;
  if (!isKnown || bytes.readUInt32BE(5) !== 1 || bytes[9] !== 0 || bytes[10] !== 0) {
    return fail(answer, errorInvalid);
  }
  if (text.length < 4 + length) return isFinal ? unfinished(answer) : judgedWait;
  const reader = new ItemReader(text.slice(0, 4 + length), headBytes);
  if (type === agentDisconnect) return readDisconnect(answer, reader);
  const fault = readHello(reader, answer.pool.slotBytes - 4);
  if (fault !== 0) return fail(answer, fault);
  answer.status = L7Ok;
  answer.info = 'SPOA server is ok';
  return judgedOver;
};

/** A frame that is not whole; nothing at all is told by the run itself. */
function unfinished(answer: Answer): number {
  if (answer.length > 0) return fail(answer, errorInvalid);
  answer.status = L7Response;
  return judgedBad;
}
