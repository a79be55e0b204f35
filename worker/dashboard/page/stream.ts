// The event stream: opened again whenever it ends, at once when the process says that it leaves,
// otherwise with a growing pause.

import type { FullMessage, TickMessage } from '../wire.ts';

export interface StreamListener {
  full(message: FullMessage): void;
  tick(message: TickMessage): void;
  /** 'live', or why not. */
  state(isLive: boolean, text: string): void;
}

const pauseFirstMs = 500;
const pauseMostMs = 8000;
/** A stream that says nothing for so long is dead: a tick comes every second. */
const silenceMs = 6000;

export class Stream {
  private readonly uri: string;
  private readonly listener: StreamListener;
  private source: EventSource | null = null;
  private pauseMs = pauseFirstMs;
  private timer = 0;
  private watch = 0;

  constructor(uri: string, listener: StreamListener) {
    this.uri = uri;
    this.listener = listener;
  }

  open(): void {
    this.close();
    const source = new EventSource(this.uri);
    this.source = source;
    source.addEventListener('full', ({ data }: MessageEvent<string>) => {
      this.heard();
      this.listener.full(JSON.parse(data) as FullMessage);
    });
    source.addEventListener('tick', ({ data }: MessageEvent<string>) => {
      this.heard();
      this.listener.tick(JSON.parse(data) as TickMessage);
    });
    source.addEventListener('leaving', () => {
      this.listener.state(false, 'The process is being replaced');
      this.later(100);
    });
    source.addEventListener('error', () => this.failed());
    this.expect();
  }

  private heard(): void {
    this.pauseMs = pauseFirstMs;
    this.listener.state(true, 'Live');
    this.expect();
  }

  private expect(): void {
    clearTimeout(this.watch);
    this.watch = window.setTimeout(() => this.failed(), silenceMs);
  }

  private failed(): void {
    if (this.source === null) return;
    this.listener.state(false, 'Not connected: trying again');
    this.later(this.pauseMs);
    this.pauseMs = Math.min(this.pauseMs * 2, pauseMostMs);
  }

  private later(ms: number): void {
    this.close();
    this.timer = window.setTimeout(() => this.open(), ms);
  }

  private close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.watch);
    this.source?.close();
    this.source = null;
  }
}
