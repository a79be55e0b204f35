// Lines of the Prometheus output as bytes: `name{labels} value`. The name stands for a whole
// column, the labels for an object, and both are made once; a line is copied together from them.
// Called by prometheus.ts, and by prometheus-lines.ts for what is more than a number.

import { type ByteText, bytesOf } from './byte-text.ts';
import type { Value } from './columns.ts';

const close = bytesOf('} ');
const none = bytesOf('NaN');
const noLabel = bytesOf('');
const lineFeed = 0x0a;
const point = 0x2e;
const zero = 0x30;

/** Labels of an object: those before and behind the name of a module, and all, with their end. */
export interface ObjectLabels {
  readonly before: string;
  readonly after: string;
  readonly closed: Uint8Array;
}

export const objectLabels = (before: string, after: string): ObjectLabels => ({
  before,
  after,
  closed: bytesOf(`${before}${after}} `),
});

/** The rest of a line behind the labels of its object. */
export const lineRest = (label: string, value: number): Uint8Array =>
  bytesOf(`,${label}} ${value}\n`);

export class MetricLines {
  readonly text: ByteText;
  private head: string;
  private name: Uint8Array;
  private module: Uint8Array;
  private labels: ObjectLabels;

  constructor(text: ByteText) {
    this.text = text;
    this.head = '';
    this.name = noLabel;
    this.module = noLabel;
    this.labels = objectLabels('', '');
  }

  /** What follows is of this metric; `head` goes before the first line, if there is one. */
  begin(name: string, module: string, head: string): void {
    this.head = head;
    this.name = bytesOf(`${name}{`);
    this.module = bytesOf(module);
  }

  /** What follows is of this object. */
  object(labels: ObjectLabels): void {
    this.labels = labels;
  }

  number(value: Value): void {
    this.close();
    if (typeof value === 'number') this.text.number(value);
    else this.text.bytes(none);
    this.text.byte(lineFeed);
  }

  /** One more label: `,state="UP"`. */
  labelled(label: Uint8Array, value: Value): void {
    this.open();
    this.text.bytes(label);
    this.text.bytes(close);
    if (typeof value === 'number') this.text.number(value);
    else this.text.bytes(none);
    this.text.byte(lineFeed);
  }

  /** Milliseconds as seconds with six places. */
  seconds(value: Value): void {
    if (typeof value !== 'number') {
      this.number(null);
      return;
    }
    const { text } = this;
    this.close();
    if (value !== value >>> 0) text.text((value / 1000).toFixed(6));
    else {
      const whole = Math.floor(value / 1000);
      const rest = value - whole * 1000;
      text.number(whole);
      text.byte(point);
      text.byte(zero + Math.floor(rest / 100));
      text.byte(zero + (Math.floor(rest / 10) % 10));
      text.byte(zero + (rest % 10));
      text.text('000');
    }
    text.byte(lineFeed);
  }

  /** One of several states: `suffix` is the rest of a line, its value too (lineRest). */
  state(suffix: Uint8Array): void {
    this.open();
    this.text.bytes(suffix);
  }

  /** Name and labels, which others may follow. */
  private open(): void {
    const { text, labels, module } = this;
    this.begun();
    if (module.length === 0) text.begin(labels.closed, labels.closed.length - close.length);
    else this.parts();
  }

  /** Name and all labels. */
  private close(): void {
    const { text, labels, module } = this;
    this.begun();
    if (module.length === 0) text.bytes(labels.closed);
    else {
      this.parts();
      text.bytes(close);
    }
  }

  private begun(): void {
    const { text } = this;
    if (this.head !== '') {
      text.text(this.head);
      this.head = '';
    }
    text.bytes(this.name);
  }

  private parts(): void {
    const { text, labels } = this;
    text.text(labels.before);
    text.bytes(this.module);
    text.text(labels.after);
  }
}
