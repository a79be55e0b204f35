// A name server of the tests, on UDP and TCP of one port of 127.0.0.1: it answers as it is told, by
// name and type, and can lose questions, cut answers, and fail in every way that DNS has.

import type { Owner } from './proxy.ts';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';

export type Type = 'A' | 'AAAA' | 'SRV';
export type Transport = 'udp' | 'tcp';

export interface Asked {
  readonly name: string;
  readonly type: Type;
  readonly transport: Transport;
  readonly payloadBytes: number;
}

/** What becomes of a question. */
export interface Behaviour {
  readonly answers?: readonly Answer[];
  readonly additionals?: readonly Answer[];
  readonly code?: keyof typeof codes;
  /** Over UDP the answer is cut behind its first record. */
  readonly isCut?: boolean;
  /** No answer at all. */
  readonly isLost?: boolean;
  /** Bytes instead of an answer; they get the question's id. */
  readonly raw?: Buffer;
}

const codes = { none: 0, format: 1, failure: 2, missing: 3, unknown: 4, refused: 5 } as const;

export interface Service {
  readonly target: string;
  readonly port: number;
  readonly weight?: number;
  /** In the additional records. */
  readonly address?: string;
}

export class NameServer {
  readonly asked: Asked[];
  port: number;
  private readonly rules: Map<string, Behaviour>;
  private readonly events: EventEmitter;
  private readonly udp: UdpSocket;
  private readonly tcp: Server;
  private readonly sockets: Set<Socket>;

  constructor() {
    this.asked = [];
    this.port = 0;
    this.rules = new Map();
    this.events = new EventEmitter().setMaxListeners(0);
    this.sockets = new Set();
    this.udp = createSocket('udp4');
    this.tcp = createServer((socket) => this.serve(socket));
  }

  static async start(): Promise<NameServer> {
    for (;;) {
      const server = new NameServer();
      if (await server.listen()) return server;
    }
  }

  /** False: the port that TCP has got is another one's over UDP. */
  private async listen(): Promise<boolean> {
    this.tcp.listen(0, '127.0.0.1');
    await once(this.tcp, 'listening');
    this.port = (this.tcp.address() as AddressInfo).port;
    this.udp.on('message', (bytes, { port, address }) => {
      const answer = this.answer(bytes, 'udp');
      if (answer !== null) this.udp.send(answer, port, address);
    });
    const bound = once(this.udp, 'listening').then(() => true);
    const failed = once(this.udp, 'error').then(() => false);
    this.udp.bind(this.port, '127.0.0.1');
    const isBound = await Promise.race([bound, failed]);
    if (!isBound) this.close();
    return isBound;
  }

  close(): void {
    this.tcp.close();
    for (const socket of this.sockets) socket.destroy();
    this.udp.close();
  }

  // ---- what it answers ----

  set(name: string, type: Type, behaviour: Behaviour): void {
    this.rules.set(`${name}/${type}`, behaviour);
  }

  /** Addresses of a name; those of IPv6 have a colon. */
  host(name: string, ...addresses: readonly string[]): void {
    const of = (type: 'A' | 'AAAA', isType: (address: string) => boolean): void => {
      const data = addresses.filter(isType);
      this.set(name, type, { answers: data.map((one) => ({ name, type, ttl: 1, data: one })) });
    };
    of('A', (address) => !address.includes(':'));
    of('AAAA', (address) => address.includes(':'));
  }

  services(name: string, ...list: readonly Service[]): void {
    const answers = list.map(
      ({ target, port, weight = 0 }): Answer => ({
        name,
        type: 'SRV',
        ttl: 1,
        data: { target, port, weight, priority: 0 },
      }),
    );
    const additionals = list.flatMap(({ target, address }): Answer[] =>
      address === undefined ? [] : [{ name: target, type: 'A', ttl: 1, data: address }],
    );
    this.set(name, 'SRV', { answers, additionals });
  }

  /** Every type of the name fails like this. */
  fail(name: string, behaviour: Behaviour): void {
    for (const type of ['A', 'AAAA', 'SRV'] as const) this.set(name, type, behaviour);
  }

  /** The next question about a name that comes from now on. */
  async nextAsked(name: string): Promise<Asked> {
    for (;;) {
      const [asked] = (await once(this.events, 'asked')) as [Asked];
      if (asked.name === name) return asked;
    }
  }

  count(name: string): number {
    return this.asked.filter((one) => one.name === name).length;
  }

  // ---- answering ----

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let pending = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= 2 && pending.length >= pending.readUInt16BE(0) + 2) {
        const length = pending.readUInt16BE(0);
        const answer = this.answer(pending.subarray(2, length + 2), 'tcp');
        pending = pending.subarray(length + 2);
        if (answer === null) continue;
        const head = Buffer.alloc(2);
        head.writeUInt16BE(answer.length, 0);
        socket.write(Buffer.concat([head, answer]));
      }
    });
  }

  private answer(bytes: Buffer, transport: Transport): Buffer | null {
    const question = decode(bytes);
    const { name, type } = question.questions![0];
    const option = question.additionals?.find((one) => one.type === 'OPT');
    const payloadBytes = option?.type === 'OPT' ? option.udpPayloadSize : 0;
    const asked = { name, type: type as Type, transport, payloadBytes };
    this.asked.push(asked);
    const behaviour = this.rules.get(`${name}/${type}`) ?? { code: 'missing' };
    const answer = this.bytesOf(behaviour, question, transport);
    setImmediate(() => this.events.emit('asked', asked));
    return answer;
  }

  private bytesOf(
    { answers = [], additionals = [], ...rest }: Behaviour,
    { id, questions }: ReturnType<typeof decode>,
    transport: Transport,
  ): Buffer | null {
    if (rest.isLost === true) return null;
    if (rest.raw !== undefined) {
      const copy = Buffer.from(rest.raw);
      copy.writeUInt16BE(id ?? 0, 0);
      return copy;
    }
    const isCut = rest.isCut === true && transport === 'udp';
    const flags = RECURSION_DESIRED | RECURSION_AVAILABLE | AUTHORITATIVE_ANSWER;
    return encode({
      type: 'response',
      id: id ?? 0,
      flags: flags | (isCut ? TRUNCATED_RESPONSE : 0) | codes[rest.code ?? 'none'],
      questions: questions ?? [],
      answers: answers.slice(0, isCut ? 1 : answers.length),
      additionals: isCut ? [] : [...additionals],
    });
  }
}

/** One that ends with the test. */
export async function nameServer(owner: Owner): Promise<NameServer> {
  const server = await NameServer.start();
  owner.after(async () => server.close());
  return server;
}
