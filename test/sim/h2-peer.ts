// HTTP/2 as seen from the far end of a scene's connection: frames in, frames out, no state but the
// bytes that have not made a frame yet. Header blocks are written without compression.

import type { End } from './scene.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const frameData = 0;
export const frameHeaders = 1;
export const frameSettings = 4;
export const framePing = 6;
export const frameGoaway = 7;
export const flagAck = 1;
export const flagsWhole = 5;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: string;
}

export function frameText(type: number, flags: number, id: number, payload: string): string {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return head.toString('latin1') + payload;
}

/** A header that is not to be indexed, name and value as they are (RFC 7541 6.2.2). */
export function literal(name: string, value: string): string {
  return `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`;
}

/** The block of a GET request. */
export function getBlock(path: string, host: string): string {
  const fields = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', host],
  ];
  return fields.map(([name, value]) => literal(name, value)).join('');
}

export class H2Peer {
  readonly end: End;
  private rest: string;

  constructor(end: End) {
    this.end = end;
    this.rest = '';
  }

  /** Begins as a client. */
  greet(settings = ''): this {
    this.end.say(preface + frameText(frameSettings, 0, 0, settings));
    return this;
  }

  /** Begins as a server. */
  answerGreeting(): this {
    this.rest = this.end.hear();
    if (!this.rest.startsWith(preface)) throw new Error('no preface');
    this.rest = this.rest.slice(preface.length);
    this.send(frameSettings, 0, 0, '');
    return this;
  }

  send(type: number, flags: number, id: number, payload: string): this {
    this.end.say(frameText(type, flags, id, payload));
    return this;
  }

  /** Frames that have come since the last call, settings and window updates left out. */
  hear(): Frame[] {
    this.rest += this.end.hear();
    const frames: Frame[] = [];
    for (;;) {
      const bytes = Buffer.from(this.rest, 'latin1');
      if (bytes.length < 9 || bytes.length < 9 + bytes.readUIntBE(0, 3)) return frames;
      const length = bytes.readUIntBE(0, 3);
      const [type, flags, id] = [bytes[3], bytes[4], bytes.readUInt32BE(5)];
      const payload = this.rest.slice(9, 9 + length);
      if (type !== frameSettings && type !== 8) frames.push({ type, flags, id, payload });
      this.rest = this.rest.slice(9 + length);
    }
  }

  /** Types of the frames that have come. */
  hearTypes(): number[] {
    return this.hear().map(({ type }) => type);
  }
}
