// Sends the records of a ring to an OpenTelemetry collector: OTLP over HTTP, in JSON (`log otlp@`).
// Control thread only. What the collector does not take now stays in the ring, which refuses new
// records when it is full; what it will never take is dropped and counted.

import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LogOtlpModel } from '../../shared/config/model.ts';
import type { EventRing } from '../../shared/segment/event-ring.ts';
import { hawserVersion } from '../../shared/version.ts';
import { type Attributes, otlpDocument } from './otlp-document.ts';

/** Bytes of records in one request, and how long the first may wait for others. */
const batchBytes = 262_144;
const gatherMs = 200;
const idleMs = 10_000;
const timeoutMs = 10_000;
/** Between two attempts: doubled each time. */
const retryMs = 500;
const retryMaxMs = 30_000;
/** Statuses after which the same request may succeed (OTLP, "Retryable Response Codes"). */
const retryable = new Set([0, 429, 502, 503, 504]);

export interface OtlpWriterParts {
  readonly ring: EventRing;
  readonly otlp: LogOtlpModel;
  readonly resource: Attributes;
  /** Records that the collector will not have. */
  dropped(count: number): void;
  failed(message: string): void;
}

export class OtlpWriter {
  private readonly parts: OtlpWriterParts;
  private readonly reader: number;
  private readonly agent: HttpAgent | HttpsAgent;
  private readonly isTls: boolean;
  private position: number;
  private stopping: boolean;
  private hasFailed: boolean;
  /** Ends a pause. */
  private wake: () => void;
  private readonly finished: Promise<void>;

  constructor(parts: OtlpWriterParts) {
    this.parts = parts;
    this.isTls = parts.otlp.url.startsWith('https:');
    const options = { keepAlive: true, maxSockets: 1 };
    this.agent = this.isTls ? new HttpsAgent(options) : new HttpAgent(options);
    this.position = parts.ring.oldest;
    this.reader = parts.ring.hold(this.position);
    this.stopping = false;
    this.hasFailed = false;
    this.wake = () => {};
    this.finished = this.run();
  }

  /** Nothing more will be written: sends what is there for at most `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    this.stopping = true;
    this.parts.ring.wake();
    this.wake();
    const limit = new Promise<void>((settle) => setTimeout(settle, limitMs).unref());
    await Promise.race([this.finished, limit]);
    this.agent.destroy();
    this.parts.ring.release(this.reader);
  }

  private async run(): Promise<void> {
    const { ring } = this.parts;
    let delayMs = retryMs;
    for (;;) {
      const { wakes } = ring;
      if (this.position >= ring.end) {
        if (this.stopping) return;
        await ring.nextWrite(wakes, idleMs);
        if (!this.stopping) await this.pause(gatherMs);
        continue;
      }
      const records: string[] = [];
      const next = ring.read(this.position, batchBytes, (record) =>
        records.push(record.toString('utf8')),
      );
      const status = await this.post(records);
      if (this.settle(status, records.length)) {
        this.position = next;
        ring.advance(this.reader, next);
        delayMs = retryMs;
      } else if (this.stopping) return;
      else {
        await this.pause(delayMs);
        delayMs = Math.min(delayMs * 2, retryMaxMs);
      }
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((settle) => {
      const timer = setTimeout(settle, ms);
      this.wake = () => {
        clearTimeout(timer);
        settle();
      };
    });
  }

  /** Whether the batch is done with. A trouble is told once. */
  private settle(status: number, count: number): boolean {
    const isFine = status >= 200 && status < 300;
    const { otlp, dropped, failed } = this.parts;
    if (!isFine && !this.hasFailed) {
      const why = status === 0 ? 'no answer' : `status ${status}`;
      failed(`the collector at ${otlp.url} does not take log records: ${why}`);
    }
    this.hasFailed = !isFine;
    if (!isFine && !retryable.has(status)) dropped(count);
    return isFine || !retryable.has(status);
  }

  /** Status of the answer, 0 for none. */
  private post(records: readonly string[]): Promise<number> {
    const { otlp, resource } = this.parts;
    const about = { nowMs: Date.now(), version: hawserVersion };
    const body = otlpDocument(records, resource, about);
    const options = {
      method: 'POST',
      agent: this.agent,
      timeout: timeoutMs,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...Object.fromEntries(otlp.headers),
      },
    };
    return new Promise((settle) => {
      const send = this.isTls ? requestHttps : requestHttp;
      const request = send(otlp.url, options, (response) => {
        response.resume().on('error', () => settle(0));
        response.on('end', () => settle(response.statusCode ?? 0));
      });
      request.on('timeout', () => request.destroy());
      request.on('error', () => settle(0));
      request.on('close', () => settle(0));
      request.end(body);
    });
  }
}
