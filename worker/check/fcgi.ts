// One FastCGI exchange of a check: an HTTP request becomes records for the application of the
// backend, and its output becomes the HTTP/1 answer that the rules judge. One request per
// connection, numbered 1. Control thread only.

import { compatibilityVersion } from '../../shared/config/features.ts';
import type { Endpoint } from '../conn/endpoint.ts';
import { familyIpv4, familyIpv6 } from '../conn/endpoint.ts';
import { type FoundScript, findScript } from '../http/fcgi-path.ts';
import { paramName } from '../http/fcgi-params.ts';
import {
  beginBytes,
  endBytes,
  RecordHeader,
  recordBytesMax,
  recordEnd,
  recordHeaderBytes,
  recordParams,
  recordStdin,
  recordStdout,
  statusComplete,
  writeBegin,
  writeLength,
  writeRecordHeader,
} from '../http/fcgi-records.ts';
import { latin1 } from '../http/message.ts';
import type { FcgiAppPlan } from '../program.ts';
import type { FramedExchange } from './channel.ts';
import type { CheckRequest } from './h2.ts';

/** Both ends of the check's connection. */
export interface CheckEnds {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

const headBytesMax = 65_536;

function textOf(bytes: Uint8Array, length: number): string {
  return latin1(bytes, 0, length);
}

function record(type: number, content: string): string {
  const header = new Uint8Array(recordHeaderBytes);
  writeRecordHeader(header, 0, { type, id: 1, length: content.length });
  return textOf(header, header.length) + content;
}

function pairOf(name: string, value: string): string {
  const lengths = new Uint8Array(8);
  const end = writeLength(lengths, writeLength(lengths, 0, name.length), value.length);
  return textOf(lengths, end) + name + value;
}

const addressOf = (end: Endpoint): string =>
  end.family === familyIpv4 || end.family === familyIpv6 ? end.text() : '';

export class FcgiExchange implements FramedExchange {
  reply: string;
  answer: string;
  ended: boolean;
  broken: boolean;
  readonly trailers: Map<string, string>;
  private readonly app: FcgiAppPlan;
  private readonly ends: CheckEnds;
  private readonly header: RecordHeader;
  private pending: Buffer;
  private head: string;
  private hasHead: boolean;

  constructor(app: FcgiAppPlan, ends: CheckEnds) {
    this.reply = '';
    this.answer = '';
    this.ended = false;
    this.broken = false;
    this.trailers = new Map();
    this.app = app;
    this.ends = ends;
    this.header = new RecordHeader();
    this.pending = Buffer.alloc(0);
    this.head = '';
    this.hasHead = false;
  }

  /** All that is sent for a request. Parameters that do not fit into a record break it. */
  request(request: CheckRequest): string {
    const begin = new Uint8Array(beginBytes);
    writeBegin(begin, 0, 1, false);
    const params = this.params(request);
    if (params.length > recordBytesMax) {
      this.broken = true;
      return '';
    }
    const input = request.body === '' ? '' : record(recordStdin, request.body);
    const all = record(recordParams, params) + record(recordParams, '');
    return textOf(begin, begin.length) + all + input + record(recordStdin, '');
  }

  private params({ method, uri, version, headers, body }: CheckRequest): string {
    const { app, ends } = this;
    let text = '';
    const put = (name: string, value: string): void => {
      if (value !== '') text += pairOf(name, value);
    };
    for (const [name, value] of headers) {
      if (name === 'content-type') put('CONTENT_TYPE', value);
      else if (name !== 'content-length' && name !== 'connection') {
        put(`HTTP_${paramName(name)}`, value);
      }
    }
    const found: FoundScript = { script: '', info: '' };
    const queryAt = uri.indexOf('?');
    const path = queryAt < 0 ? uri : uri.slice(0, queryAt);
    if (!findScript(app, path, found)) this.broken = true;
    put('GATEWAY_INTERFACE', 'CGI/1.1');
    put('DOCUMENT_ROOT', app.docroot);
    put('SCRIPT_NAME', found.script);
    put('PATH_INFO', found.info);
    put('REQUEST_URI', uri);
    put('REQUEST_METHOD', method);
    put('QUERY_STRING', queryAt < 0 ? '' : uri.slice(queryAt + 1));
    const host = headers.find(([name]) => name === 'host')?.[1] ?? '';
    put('SERVER_NAME', host === '' ? addressOf(ends.destination) : host);
    put('SERVER_PORT', String(ends.destination.port));
    put('SERVER_PROTOCOL', version);
    put('REMOTE_ADDR', addressOf(ends.source));
    put('REMOTE_PORT', String(ends.source.port));
    put('SCRIPT_FILENAME', app.docroot + found.script);
    if (found.info !== '') put('PATH_TRANSLATED', app.docroot + found.info);
    put('CONTENT_LENGTH', String(body.length));
    put('SERVER_SOFTWARE', `HAProxy ${compatibilityVersion}`);
    return text;
  }

  /** Takes bytes that have come. */
  feed(bytes: Uint8Array): void {
    const { header } = this;
    this.pending = Buffer.concat([this.pending, bytes]);
    while (!this.broken && !this.ended && this.pending.length >= recordHeaderBytes) {
      if (!header.read(this.pending, 0) || header.isMisplaced()) this.broken = true;
      const contentEnd = recordHeaderBytes + header.length;
      if (this.broken || this.pending.length < contentEnd + header.padding) return;
      this.take(this.pending.subarray(recordHeaderBytes, contentEnd));
      this.pending = this.pending.subarray(contentEnd + header.padding);
    }
  }

  private take(content: Buffer): void {
    const { type, id } = this.header;
    if (id !== 1) return;
    if (type === recordStdout && content.length > 0) this.output(content.toString('latin1'));
    else if (type === recordStdout) this.ended = true;
    else if (type === recordEnd) {
      this.ended = true;
      if (content.length < endBytes || content[4] !== statusComplete) this.broken = true;
    }
  }

  private output(text: string): void {
    if (this.hasHead) {
      this.answer += text;
      return;
    }
    this.head += text;
    const end = /\r?\n\r?\n/.exec(this.head);
    if (end !== null) {
      this.hasHead = true;
      this.writeHead(this.head.slice(0, end.index).split(/\r?\n/));
      this.answer += this.head.slice(end.index + end[0].length);
    } else if (this.head.length > headBytesMax) this.broken = true;
  }

  /** The head in HTTP/1 (RFC 3875 6.3); its body ends with the connection. */
  private writeHead(lines: readonly string[]): void {
    const own = lines.filter((line) => !/^status[ \t]*:/i.test(line));
    const said = lines.find((line) => /^status[ \t]*:/i.test(line));
    const isMoved = own.some((line) => /^location[ \t]*:/i.test(line));
    const usual = isMoved ? '302 Found' : '200 OK';
    const status = said === undefined ? usual : said.slice(said.indexOf(':') + 1).trim();
    if (!/^[2-9]\d\d( |$)/.test(status)) this.broken = true;
    else this.answer += `HTTP/1.1 ${status}\r\n${own.map((line) => `${line}\r\n`).join('')}\r\n`;
  }
}
