// A client of an event stream (server-sent events) for tests: one connection, events as they come.

import { get, type IncomingMessage } from 'node:http';

const patienceMs = 60_000;

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

export class EventStream {
  readonly response: IncomingMessage;
  /** How it ended: true when the answer was whole. */
  readonly ended: Promise<boolean>;
  private readonly events: StreamEvent[] = [];
  private readonly waiting = new Set<() => void>();
  private text = '';
  private isOver = false;

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (part: string) => this.take(part));
    this.ended = new Promise((settle) => {
      response.on('error', () => undefined);
      response.on('close', () => {
        this.isOver = true;
        this.wake();
        settle(response.complete);
      });
    });
  }

  private take(part: string): void {
    const blocks = (this.text + part).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/s.exec(block) ?? [];
      if (name !== undefined) this.events.push({ name, data });
    }
    this.wake();
  }

  private wake(): void {
    for (const look of this.waiting) look();
  }

  /** The next event that `wanted` accepts; what comes before is passed over. */
  next(wanted: (event: StreamEvent) => boolean = () => true): Promise<StreamEvent> {
    return new Promise((settle, refuse) => {
      const tired = setTimeout(() => refuse(new Error('the event did not come')), patienceMs);
      const done = (): void => {
        clearTimeout(tired);
        this.waiting.delete(look);
      };
      const look = (): void => {
        for (let event = this.events.shift(); event !== undefined; event = this.events.shift()) {
          if (!wanted(event)) continue;
          done();
          settle(event);
          return;
        }
        if (!this.isOver) return;
        done();
        refuse(new Error('the stream ended'));
      };
      this.waiting.add(look);
      look();
    });
  }

  close(): void {
    this.response.destroy();
  }
}

/** Opens one; another status than 200 is told as an error. */
export function openEvents(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStream> {
  return new Promise((settle, refuse) => {
    const request = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      if (response.statusCode === 200) settle(new EventStream(response));
      else {
        response.destroy();
        refuse(new Error(`status ${response.statusCode}`));
      }
    });
    request.on('error', refuse);
  });
}
