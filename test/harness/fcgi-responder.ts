// A FastCGI application for tests, on real sockets: it reads records by a codec of its own, keeps
// every request, and says what a script says. On a port of the kernel's choice; closed with the
// test.

import { type AddressInfo, createServer, type Socket } from 'node:net';
import { endRecord, pairs, readPairs, record, types } from './fcgi-records.ts';
import type { Owner } from './proxy.ts';

/** A request as the application has it. */
export interface AppRequest {
  readonly id: number;
  readonly role: number;
  readonly keeps: boolean;
  /** Which connection, from 0. */
  readonly connection: number;
  params: ReadonlyMap<string, string>;
  /** All pairs, twins included. */
  pairs: readonly (readonly [string, string])[];
  stdin: string;
  /** Its input has ended. */
  isWhole: boolean;
  isAborted: boolean;
  readonly voice: Voice;
}

/** What an application may say about one request. */
export class Voice {
  readonly socket: Socket;
  readonly id: number;
  private readonly keeps: boolean;

  constructor(socket: Socket, id: number, keeps: boolean) {
    this.socket = socket;
    this.id = id;
    this.keeps = keeps;
  }

  raw(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Output in records of at most `size` bytes. */
  out(text: string, size = 8000, padding = 0): void {
    for (let at = 0; at < text.length; at += size) {
      this.raw(record(types.stdout, this.id, text.slice(at, at + size), padding));
    }
  }

  err(text: string): void {
    this.raw(record(types.stderr, this.id, text));
  }

  /** The end of output and request; then of the connection, unless it is to stay. */
  end(status = 0): void {
    this.raw(Buffer.concat([record(types.stdout, this.id), endRecord(this.id, status)]));
    if (!this.keeps) this.socket.end();
  }
}

/** What it does with a request: called when parameters are complete, input, and when aborted. */
export type Script = (request: AppRequest, event: 'params' | 'input' | 'abort') => void;

export interface ResponderOptions {
  /** Answer to GET_VALUES; null: UNKNOWN_TYPE; absent: nothing is said. */
  readonly values?: Readonly<Record<string, string>> | null;
}

export class Responder {
  readonly port: number;
  readonly requests: AppRequest[] = [];
  connections = 0;
  /** Records of GET_VALUES so far. */
  asked = 0;
  private readonly watchers = new Set<() => void>();

  constructor(port: number) {
    this.port = port;
  }

  changed(): void {
    for (const watch of this.watchers) watch();
  }

  /** Waits until `isSo`. */
  until(isSo: (responder: Responder) => boolean): Promise<void> {
    return new Promise((settle) => {
      const watch = (): void => {
        if (!isSo(this)) return;
        this.watchers.delete(watch);
        settle();
      };
      this.watchers.add(watch);
      watch();
    });
  }
}

class AppConnection {
  private readonly socket: Socket;
  private readonly index: number;
  private readonly responder: Responder;
  private readonly script: Script;
  private readonly options: ResponderOptions;
  private readonly open = new Map<number, { request: AppRequest; params: Buffer[] }>();
  private pending: Buffer = Buffer.alloc(0);

  constructor(responder: Responder, socket: Socket, script: Script, options: ResponderOptions) {
    this.responder = responder;
    this.socket = socket;
    this.script = script;
    this.options = options;
    this.index = responder.connections++;
    socket.on('data', (part: Buffer) => this.feed(part));
  }

  private feed(part: Buffer): void {
    this.pending = Buffer.concat([this.pending, part]);
    while (this.pending.length >= 8) {
      const length = this.pending.readUInt16BE(4);
      const end = 8 + length + this.pending[6];
      if (this.pending.length < end) break;
      const [type, id] = [this.pending[1], this.pending.readUInt16BE(2)];
      this.take(type, id, this.pending.subarray(8, 8 + length));
      this.pending = this.pending.subarray(end);
    }
    this.responder.changed();
  }

  private take(type: number, id: number, content: Buffer): void {
    if (type === types.getValues) this.answerValues();
    else if (type === types.begin) this.begin(id, content);
    const found = this.open.get(id);
    if (found === undefined) return;
    const { request, params } = found;
    if (type === types.params && content.length > 0) params.push(Buffer.from(content));
    else if (type === types.params) {
      request.pairs = readPairs(Buffer.concat(params));
      request.params = new Map(request.pairs);
      this.script(request, 'params');
    } else if (type === types.stdin && content.length > 0) {
      request.stdin += content.toString('latin1');
    } else if (type === types.stdin) {
      request.isWhole = true;
      this.script(request, 'input');
    } else if (type === types.abort) {
      request.isAborted = true;
      this.script(request, 'abort');
    }
  }

  private begin(id: number, content: Buffer): void {
    const keeps = (content[2] & 1) === 1;
    const request: AppRequest = {
      id,
      role: content.readUInt16BE(0),
      keeps,
      connection: this.index,
      params: new Map(),
      pairs: [],
      stdin: '',
      isWhole: false,
      isAborted: false,
      voice: new Voice(this.socket, id, keeps),
    };
    this.responder.requests.push(request);
    this.open.set(id, { request, params: [] });
  }

  private answerValues(): void {
    this.responder.asked++;
    const { values } = this.options;
    if (values === undefined) return;
    const unknown = Buffer.from([types.getValues, 0, 0, 0, 0, 0, 0, 0]);
    this.socket.write(
      values === null
        ? record(types.unknown, 0, unknown)
        : record(types.values, 0, pairs(values), 3),
    );
  }
}

/** Answers whole requests with a page that says `text`. */
export const page =
  (text: string): Script =>
  ({ voice }, event) => {
    if (event !== 'input') return;
    voice.out(`Content-Type: text/plain\r\n\r\n${text}`);
    voice.end();
  };

/** Starts an application that does as `script` says. */
export async function startResponder(
  owner: Owner,
  script: Script,
  options: ResponderOptions = {},
): Promise<Responder> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const responder = new Responder((server.address() as AddressInfo).port);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      responder.changed();
    });
    socket.on('error', () => socket.destroy());
    new AppConnection(responder, socket, script, options);
  });
  owner.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((settle) => server.close(settle));
  });
  return responder;
}
