// Server keys are sent once and then by number (peers protocol, data type server_key): each side
// keeps the last 128 that it sent and those that it was sent, for one connection.

/** Numbers there are; a power of two. */
export const dictionarySize = 128;

/** What this side has sent. */
export class SentKeys {
  /** By number, '' : not given yet. */
  readonly keys: string[];
  private readonly numbers: Map<string, number>;
  private next: number;

  constructor() {
    this.keys = new Array<string>(dictionarySize).fill('');
    this.numbers = new Map();
    this.next = 0;
  }

  /** The number of a key that the other side knows, -1: it does not. */
  find(key: string): number {
    return this.numbers.get(key) ?? -1;
  }

  /** Gives the key the next number; the one that had it is forgotten. */
  add(key: string): number {
    const number = this.next;
    this.numbers.delete(this.keys[number]);
    this.keys[number] = key;
    this.numbers.set(key, number);
    this.next = (number + 1) % dictionarySize;
    return number;
  }
}

/** What this side was sent; by number, null: nothing yet. */
export function receivedKeys(): (string | null)[] {
  return new Array<string | null>(dictionarySize).fill(null);
}
