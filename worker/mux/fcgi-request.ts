// A request of HTTP as FastCGI tells it: BEGIN_REQUEST, and one record with all parameters (manual
// 10.2, 10.3; RFC 3875 4.1). Headers and what rules have set come first, then the defaults of what
// was not set. One per thread; it keeps nothing of a request.

import { compatibilityVersion } from '../../shared/config/features.ts';
import { familyIpv4, familyIpv6, type Endpoint } from '../conn/endpoint.ts';
import { type FoundScript, findScript } from '../http/fcgi-path.ts';
import { ParamWriter } from '../http/fcgi-params.ts';
import {
  beginBytes,
  RecordHeader,
  recordBytesMax,
  recordHeaderBytes,
  recordParams,
  writeBegin,
  writeRecordHeader,
} from '../http/fcgi-records.ts';
import { hasTrailers } from '../http/h1-write.ts';
import {
  type HeaderName,
  headerName,
  headerWords,
  latin1,
  type Message,
  normalizedTarget,
  versionH2,
} from '../http/message.ts';
import { colon, splitTarget, TargetParts } from '../http/syntax.ts';
import type { FcgiAppPlan } from '../program.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { H2Output } from './h2-output.ts';

/** Rules set a parameter by a header of this name; no header that is received has a colon. */
export const paramPrefix = ':fcgi-';

/** Parameters with a default, in the order in which those are written. */
const defaultNames = [
  'GATEWAY_INTERFACE',
  'DOCUMENT_ROOT',
  'SCRIPT_NAME',
  'PATH_INFO',
  'REQUEST_URI',
  'REQUEST_METHOD',
  'QUERY_STRING',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
  'REMOTE_ADDR',
  'REMOTE_PORT',
  'SCRIPT_FILENAME',
  'PATH_TRANSLATED',
  'CONTENT_LENGTH',
  'SERVER_SOFTWARE',
  'HTTPS',
] as const;
const documentRoot = 1;
const scriptName = 2;
const pathInfo = 3;
const requestUri = 4;
const scriptFilename = 12;
const pathTranslated = 13;

/** The headers that set them, by hash. */
const settable = new Map<number, { readonly name: HeaderName; readonly index: number }>();
for (let index = 0; index < defaultNames.length; index++) {
  const name = headerName(paramPrefix + defaultNames[index]);
  settable.set(name.hash, { name, index });
}

const contentLengthName = headerName('content-length');
const contentTypeName = headerName('content-type');
const hostName = headerName('host');
const teName = headerName('te');
const software = `HAProxy ${compatibilityVersion}`;

const target = new TargetParts();
const header = new RecordHeader();
const field = { at: 0, length: 0 };

export class FcgiRequest {
  private readonly thread: ThreadContext;
  private readonly writer: ParamWriter;
  private message: Message;
  /** Of what rules have set: index in defaultNames to a header of the message, -1: not set. */
  private readonly given: Int32Array;
  private host: number;

  constructor(thread: ThreadContext) {
    this.thread = thread;
    this.writer = new ParamWriter();
    this.message = noMessage;
    this.given = new Int32Array(defaultNames.length);
    this.host = -1;
  }

  /**
   * Writes the parameters of `message` to the scratch area; `bodyBytes`: the length of its body.
   * Their length, -1: they are too long, or the target has no path.
   */
  write(stream: Stream, message: Message, app: FcgiAppPlan, bodyBytes: number): number {
    const { writer } = this;
    const { memory, scratchAt } = this.thread;
    const room = Math.min(memory.slotBytes - recordHeaderBytes, recordBytesMax);
    writer.start(memory.bytes, scratchAt, room);
    this.message = message;
    this.given.fill(-1);
    this.host = -1;
    this.putHeaders();
    if (!this.putPaths(app)) return -1;
    this.putFacts(stream, bodyBytes);
    return writer.isFull ? -1 : writer.length;
  }

  /** Sends what was written as request `id`. Bytes of all records, -1: memory is out. */
  send(output: H2Output, id: number, keeps: boolean): number {
    const { memory, scratchAt } = this.thread;
    const { bytes } = memory;
    const { length } = this.writer;
    const beginAt = output.reserve(beginBytes);
    if (beginAt < 0) return -1;
    writeBegin(bytes, beginAt, id, keeps);
    const at = output.reserve(recordHeaderBytes + length);
    if (at < 0) return -1;
    bytes.copyWithin(writeParamsHeader(bytes, at, id, length), scratchAt, scratchAt + length);
    const endAt = output.reserve(recordHeaderBytes);
    if (endAt < 0) return -1;
    writeParamsHeader(bytes, endAt, id, 0);
    return beginBytes + recordHeaderBytes + length + recordHeaderBytes;
  }

  // ---- headers, and what rules have set ----

  private putHeaders(): void {
    const { message } = this;
    const { headers, bytes } = message;
    for (let i = 0; i < message.count; i++) {
      const word = i * headerWords;
      if (headers[word + 1] === 0) continue;
      if (bytes[headers[word]] === colon) this.putSet(i, word);
      else this.putHeader(i, word);
    }
  }

  private putSet(index: number, word: number): void {
    const { headers } = this.message;
    field.at = headers[word] + paramPrefix.length;
    field.length = headers[word + 1] - paramPrefix.length;
    this.writer.field('', field, headers[word + 2], headers[word + 3]);
    const known = settable.get(headers[word + 4]);
    if (known !== undefined && this.isNamed(word, known.name)) this.given[known.index] = index;
  }

  private putHeader(index: number, word: number): void {
    const { writer, message } = this;
    const { headers, bytes } = message;
    const hash = headers[word + 4];
    const valueAt = headers[word + 2];
    const valueLength = headers[word + 3];
    if (hash === contentLengthName.hash && this.isNamed(word, contentLengthName)) return;
    if (hash === contentTypeName.hash && this.isNamed(word, contentTypeName)) {
      writer.copy('CONTENT_TYPE', valueAt, valueLength);
      return;
    }
    if (hash === teName.hash && this.isNamed(word, teName)) {
      if (hasTrailers(bytes, valueAt, valueAt + valueLength)) writer.text('HTTP_TE', 'trailers');
      return;
    }
    if (hash === hostName.hash && this.isNamed(word, hostName)) this.host = index;
    field.at = headers[word];
    field.length = headers[word + 1];
    writer.field('HTTP_', field, valueAt, valueLength);
  }

  private isNamed(word: number, name: HeaderName): boolean {
    const { headers, bytes } = this.message;
    if (headers[word + 1] !== name.bytes.length) return false;
    const at = headers[word];
    for (let i = 0; i < name.bytes.length; i++) if (bytes[at + i] !== name.bytes[i]) return false;
    return true;
  }

  // ---- defaults ----

  /** Writes a default unless it was set, or is empty. */
  private put(index: number, value: string): void {
    if (value !== '' && this.given[index] < 0) this.writer.text(defaultNames[index], value);
  }

  /** What was set for `index`, else `value`. */
  private setOr(index: number, value: string): string {
    const set = this.given[index];
    return set < 0 ? value : this.message.valueText(set);
  }

  /** All that comes from the target. False: it has no path, or one that cannot be used. */
  private putPaths(app: FcgiAppPlan): boolean {
    const { message, given } = this;
    const { headers, bytes } = message;
    const set = given[requestUri];
    let at = set < 0 ? message.targetAt : headers[set * headerWords + 2];
    let length = set < 0 ? message.targetLength : headers[set * headerWords + 3];
    splitTarget(bytes, at, length, target);
    const { pathAt, pathLength } = target;
    const path = pathAt < 0 ? '' : latin1(bytes, pathAt, pathLength);
    const queryAt = path.indexOf('?');
    const script = queryAt < 0 ? path : path.slice(0, queryAt);
    found.script = '';
    found.info = '';
    if (given[scriptName] < 0 && !findScript(app, script, found)) return false;
    // Absolute only because HTTP/2 made it so.
    if (set < 0 && pathAt >= 0 && (message.flags & normalizedTarget) !== 0) {
      at = pathAt;
      length = pathLength;
    }
    const docroot = this.setOr(documentRoot, app.docroot);
    const info = this.setOr(pathInfo, found.info);
    this.put(0, 'CGI/1.1');
    this.put(documentRoot, app.docroot);
    this.put(scriptName, found.script);
    this.put(pathInfo, found.info);
    this.put(requestUri, latin1(bytes, at, length));
    this.put(6, queryAt < 0 ? '' : path.slice(queryAt + 1));
    this.put(scriptFilename, docroot + this.setOr(scriptName, found.script));
    if (info !== '') this.put(pathTranslated, docroot + info);
    return true;
  }

  private putFacts(stream: Stream, bodyBytes: number): void {
    const { message, host } = this;
    const { source, destination } = stream;
    this.put(5, message.methodText());
    this.put(7, host < 0 ? addressOf(destination) : message.valueText(host));
    this.put(8, String(destination.port));
    this.put(9, versionText(message));
    this.put(10, addressOf(source));
    this.put(11, String(source.port));
    this.put(14, String(bodyBytes));
    this.put(15, software);
    this.put(16, stream.session.connection.transport === null ? '' : 'on');
  }
}

const noMessage = null as unknown as Message; // set by each call before anything is read

const found: FoundScript = { script: '', info: '' };

/** Sockets of the file system have no address. */
function addressOf(end: Endpoint): string {
  return end.family === familyIpv4 || end.family === familyIpv6 ? end.text() : '';
}

function versionText(message: Message): string {
  if (message.version === versionH2) return 'HTTP/2.0';
  if (message.protocolLength > 0)
    return latin1(message.bytes, message.protocolAt, message.protocolLength);
  return message.version >= 11 ? 'HTTP/1.1' : 'HTTP/1.0';
}

function writeParamsHeader(bytes: Uint8Array, at: number, id: number, length: number): number {
  header.type = recordParams;
  header.id = id;
  header.length = length;
  return writeRecordHeader(bytes, at, header);
}
