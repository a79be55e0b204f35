// The text of Cookie and Set-Cookie values for persistence: pair by pair, quotes respected, and the
// dates a persistence cookie may carry (30 bits in units of 4 seconds, as five base64 letters).

const blank = /[ \t]/;

/** Walks over the pairs of one value; one per thread, reused. */
export class CookieText {
  private text: string;
  private at: number;
  /** The pair as written, without blanks around it; its parts. */
  pair: string;
  name: string;
  value: string;
  hasValue: boolean;

  constructor() {
    this.text = '';
    this.at = 0;
    this.pair = '';
    this.name = '';
    this.value = '';
    this.hasValue = false;
  }

  start(text: string): void {
    this.text = text;
    this.at = 0;
  }

  /** Reads the next pair; false: there is none. */
  next(): boolean {
    const { text } = this;
    if (this.at >= text.length) return false;
    const stop = pairEnd(text, this.at);
    this.pair = text.slice(this.at, stop).trim();
    this.at = stop + 1;
    const equals = this.pair.indexOf('=');
    this.hasValue = equals >= 0;
    this.name = this.hasValue ? this.pair.slice(0, equals).trim() : this.pair;
    this.value = this.hasValue ? this.pair.slice(equals + 1).trim() : '';
    return true;
  }

  /** What follows the pair, with what separates it: the attributes of a Set-Cookie value. */
  rest(): string {
    let from = Math.min(this.at - 1, this.text.length);
    while (from > 0 && blank.test(this.text[from - 1])) from--;
    return this.text.slice(from);
  }
}

/** Where the pair that starts at `from` ends: at a comma or semicolon outside quotes. */
function pairEnd(text: string, from: number): number {
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const char = text[i];
    if (quoted && char === '\\') i++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === ';' || char === ',')) return i;
  }
  return text.length;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const dateLetters = 5;
const unitSeconds = 4;

/** Five letters for a date in seconds since the epoch, cut to 4 seconds and 30 bits. */
export function cookieDate(seconds: number): string {
  let value = Math.floor(seconds / unitSeconds) % 2 ** 30;
  let text = '';
  for (let i = 0; i < dateLetters; i++) {
    text = letters[value % 64] + text;
    value = Math.floor(value / 64);
  }
  return text;
}

/** Seconds since the epoch of a date's first five letters, 0: not a date. */
export function cookieSeconds(text: string): number {
  if (text.length < dateLetters) return 0;
  let value = 0;
  for (let i = 0; i < dateLetters; i++) {
    const digit = letters.indexOf(text[i]);
    if (digit < 0) return 0;
    value = value * 64 + digit;
  }
  return value * unitSeconds;
}
