// One HTTP/2 exchange of a check, as a client (RFC 9113): a request becomes frames, and what comes
// back becomes the HTTP/1 answer that the rules judge. One stream per connection, no push, windows
// as large as an answer may be. Control thread only.

import {
  flagAck,
  flagEndHeaders,
  flagEndStream,
  flagPadded,
  flagPriority,
  frameBytesDefault,
  frameContinuation,
  frameData,
  frameGoaway,
  FrameHeader,
  frameHeaderBytes,
  frameHeaders,
  framePing,
  frameReset,
  frameSettings,
  preface,
} from '../http/h2-frames.ts';
import { HeaderBlock, HpackDecoder } from '../http/hpack-decoder.ts';
import { headerWords, latin1 } from '../http/message.ts';
import type { FramedExchange } from './channel.ts';

/** A request before it has a form on the wire. Names in lower case. */
export interface CheckRequest {
  readonly method: string;
  readonly uri: string;
  readonly version: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const tableBytes = 4096;
const headersMax = 128;
const blockBytesMax = 65_536;
/** Names that mean nothing in HTTP/2 (RFC 9113 8.2.2). */
const perConnection = new Set([
  'connection',
  'upgrade',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
]);

function frame(type: number, flags: number, stream: number, payload: string): string {
  const { length } = payload;
  const head = [length >> 16, length >> 8, length, type, flags, 0, 0, 0, stream];
  return String.fromCharCode(...head.map((byte) => byte & 255)) + payload;
}

/** An integer of 7 bits prefix and a string (RFC 7541 5.1, 5.2), not coded. */
function stringOf(text: string): string {
  let { length } = text;
  if (length < 127) return String.fromCharCode(length) + text;
  let head = String.fromCharCode(127);
  for (length -= 127; length >= 128; length >>= 7)
    head += String.fromCharCode((length & 127) | 128);
  return head + String.fromCharCode(length) + text;
}

/** A literal that no table keeps. */
const fieldOf = (name: string, value: string): string => `\0${stringOf(name)}${stringOf(value)}`;

/** Data frames of at most the size that every peer takes. */
function dataFrames(body: string): string {
  let text = '';
  for (let at = 0; at < body.length; at += frameBytesDefault) {
    const piece = body.slice(at, at + frameBytesDefault);
    const isLast = at + piece.length === body.length;
    text += frame(frameData, isLast ? flagEndStream : 0, 1, piece);
  }
  return text;
}

export class H2Exchange implements FramedExchange {
  /** Frames that must be sent because of what has come. */
  reply: string;
  /** HTTP/1 text that has not been taken yet. */
  answer: string;
  /** The answer is whole, or nothing more of it will come. */
  ended: boolean;
  /** The peer broke the protocol or gave the stream up. */
  broken: boolean;
  readonly trailers: Map<string, string>;
  private readonly decoder: HpackDecoder;
  private readonly block: HeaderBlock;
  private readonly strings: Uint8Array;
  private readonly header: FrameHeader;
  private pending: Buffer;
  private fragments: Buffer;
  private endsWithHeaders: boolean;
  private hasHead: boolean;

  constructor() {
    this.reply = '';
    this.answer = '';
    this.ended = false;
    this.broken = false;
    this.trailers = new Map();
    this.decoder = new HpackDecoder(tableBytes);
    this.block = new HeaderBlock(headersMax);
    this.strings = new Uint8Array(blockBytesMax);
    this.header = new FrameHeader();
    this.pending = Buffer.alloc(0);
    this.fragments = Buffer.alloc(0);
    this.endsWithHeaders = false;
    this.hasHead = false;
  }

  /** All that is sent for a request: the preface, our settings, headers and body. */
  request({ method, uri, headers, body }: CheckRequest, scheme: string): string {
    const host = headers.find(([name]) => name === 'host')?.[1] ?? '';
    let block = fieldOf(':method', method) + fieldOf(':scheme', scheme);
    if (host !== '') block += fieldOf(':authority', host);
    block += fieldOf(':path', uri);
    for (const [name, value] of headers) {
      if (name !== 'host' && !perConnection.has(name)) block += fieldOf(name, value);
    }
    const flags = flagEndHeaders | (body === '' ? flagEndStream : 0);
    // No push.
    const settings = '\0\x02\0\0\0\0';
    return (
      latin1(preface, 0, preface.length) +
      frame(frameSettings, 0, 0, settings) +
      frame(frameHeaders, flags, 1, block) +
      dataFrames(body)
    );
  }

  /** Takes bytes that have come. */
  feed(bytes: Uint8Array): void {
    this.pending = Buffer.concat([this.pending, bytes]);
    while (!this.broken && this.pending.length >= frameHeaderBytes) {
      this.header.read(this.pending, 0);
      const end = frameHeaderBytes + this.header.length;
      if (this.header.length > frameBytesDefault) this.broken = true;
      if (this.broken || this.pending.length < end) return;
      this.take(this.pending.subarray(frameHeaderBytes, end));
      this.pending = this.pending.subarray(end);
    }
  }

  private take(payload: Buffer): void {
    const { type, flags, streamId } = this.header;
    if (type === frameSettings && (flags & flagAck) === 0) {
      this.reply += frame(frameSettings, flagAck, 0, '');
    } else if (type === framePing && (flags & flagAck) === 0) {
      this.reply += frame(framePing, flagAck, 0, payload.toString('latin1'));
    } else if (type === frameGoaway && !this.ended) {
      // What was promised before it may still come; nothing does when it refuses the stream.
      if (payload.length >= 4 && (payload.readUInt32BE(0) & 0x7fff_ffff) === 0) this.broken = true;
    } else if (streamId === 1) this.takeStream(type, flags, payload);
  }

  private takeStream(type: number, flags: number, payload: Buffer): void {
    if (type === frameData) {
      const body = unpadded(payload, flags);
      this.answer += body.toString('latin1');
      if ((flags & flagEndStream) !== 0) this.ended = true;
    } else if (type === frameHeaders) {
      const skip = (flags & flagPriority) !== 0 ? 5 : 0;
      this.fragments = unpadded(payload, flags).subarray(skip);
      this.endsWithHeaders = (flags & flagEndStream) !== 0;
      if ((flags & flagEndHeaders) !== 0) this.headersCame();
    } else if (type === frameContinuation) {
      this.fragments = Buffer.concat([this.fragments, payload]);
      if (this.fragments.length > blockBytesMax) this.broken = true;
      else if ((flags & flagEndHeaders) !== 0) this.headersCame();
    } else if (type === frameReset && !this.ended) this.broken = true;
  }

  private headersCame(): void {
    const { block, strings, fragments } = this;
    block.restart(strings, 0, strings.length);
    if (this.decoder.decode(fragments, 0, fragments.length, block) !== 0) {
      this.broken = true;
      return;
    }
    const fields: [string, string][] = [];
    for (let i = 0; i < block.count; i++) {
      const word = i * headerWords;
      const name = latin1(strings, block.words[word], block.words[word + 1]);
      fields.push([name, latin1(strings, block.words[word + 2], block.words[word + 3])]);
    }
    if (this.hasHead) for (const [name, value] of fields) this.trailers.set(name, value);
    else this.writeHead(fields);
    if (this.endsWithHeaders) this.ended = true;
  }

  /** The head in HTTP/1; its body ends with the connection. */
  private writeHead(fields: readonly (readonly [string, string])[]): void {
    const status = fields.find(([name]) => name === ':status')?.[1] ?? '';
    if (!/^[1-9]\d\d$/.test(status)) {
      this.broken = true;
      return;
    }
    if (status.startsWith('1')) return;
    this.hasHead = true;
    let text = `HTTP/1.1 ${status} \r\n`;
    for (const [name, value] of fields) {
      if (!name.startsWith(':') && !perConnection.has(name)) text += `${name}: ${value}\r\n`;
      if (this.endsWithHeaders) this.trailers.set(name, value);
    }
    this.answer += `${text}\r\n`;
  }
}

function unpadded(payload: Buffer, flags: number): Buffer {
  if ((flags & flagPadded) === 0) return payload;
  const padding = payload[0] ?? 0;
  return payload.subarray(1, Math.max(1, payload.length - padding));
}
