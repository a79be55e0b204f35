// A sample: one value on its way through an expression. Evaluators fill the object they are handed;
// nobody returns a new one. Casts between types are in cast.ts (manual 7.1, 7.3).

/** Types of a sample (manual 7.3.1). */
export const kindAny = 0;
export const kindSame = 1;
export const kindBool = 2;
export const kindSint = 3;
/** A wildcard of the two address types below. */
export const kindAddress = 4;
export const kindIpv4 = 5;
export const kindIpv6 = 6;
export const kindString = 7;
export const kindBinary = 8;
export const kindMethod = 9;
export type SampleKind = number;
/** Names by kind, as the manual and `-dKall` write them. */
export const kindNames = [
  'any',
  'same',
  'bool',
  'sint',
  'addr',
  'ipv4',
  'ipv6',
  'str',
  'bin',
  'meth',
] as const;

/**
 * `kind` says which field holds the value:
 *   bool    `int` 0 or 1
 *   sint    `int`: a number when it is a safe integer, else a bigint within int64
 *   ipv4    `int`: unsigned 32-bit number
 *   ipv6    `text`: 16 characters, one byte each
 *   string, binary, method   `text`: one character per byte (latin1)
 */
export class Sample {
  kind: SampleKind;
  int: number | bigint;
  text: string;
  /** The value may still change when more data arrives (content inspection waits for it). */
  mayChange: boolean;
  /** The evaluator has more values: call it again with this sample to get the next. */
  more: boolean;
  /**
   * The caller wants every value in turn (conditions). False: one value, the last where there are
   * several (manual 7.3.6, "req.hdr"). Set once by whoever owns the sample.
   */
  iterate: boolean;
  /**
   * Where the next value starts; meaning private to the evaluator. Callers set it to 0 for the
   * first.
   */
  cursor: number;

  constructor() {
    this.kind = kindAny;
    this.int = 0;
    this.text = '';
    this.mayChange = false;
    this.more = false;
    this.iterate = false;
    this.cursor = 0;
  }

  /** Makes the sample ready for a first call of an evaluator. */
  restart(): void {
    this.mayChange = false;
    this.more = false;
    this.cursor = 0;
  }

  /** Takes the value of `other`, not its iteration. Strings are immutable: nothing is copied. */
  copy(other: Sample): void {
    this.kind = other.kind;
    this.int = other.int;
    this.text = other.text;
  }

  setBool(value: boolean): true {
    this.kind = kindBool;
    this.int = value ? 1 : 0;
    return true;
  }

  setInt(value: number | bigint): true {
    this.kind = kindSint;
    this.int = value;
    return true;
  }

  setText(value: string): true {
    this.kind = kindString;
    this.text = value;
    return true;
  }

  setBinary(value: string): true {
    this.kind = kindBinary;
    this.text = value;
    return true;
  }

  setMethod(value: string): true {
    this.kind = kindMethod;
    this.text = value;
    return true;
  }

  setIpv4(value: number): true {
    this.kind = kindIpv4;
    this.int = value;
    return true;
  }

  setIpv6(value: string): true {
    this.kind = kindIpv6;
    this.text = value;
    return true;
  }
}
