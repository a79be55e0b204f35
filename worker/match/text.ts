// Small operations on latin1 text that matching and converters share: case folding in ASCII only,
// as HAProxy does in the C locale, and finding delimited words. Hot path: no allocation where
// avoidable.

const beyondAscii = /[\x80-\xff]/;

/**
 * `text` with A-Z lowered and nothing else changed. Returns `text` itself when nothing is to do.
 */
export function lowerAscii(text: string): string {
  if (!beyondAscii.test(text)) return text.toLowerCase();
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += String.fromCharCode(code >= 65 && code <= 90 ? code + 32 : code);
  }
  return out;
}

/** `text` with a-z raised and nothing else changed. */
export function upperAscii(text: string): string {
  if (!beyondAscii.test(text)) return text.toUpperCase();
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += String.fromCharCode(code >= 97 && code <= 122 ? code - 32 : code);
  }
  return out;
}

/** `word` without the leading and trailing characters found in `delimiters`. */
export function strip(word: string, delimiters: string): string {
  let from = 0;
  let to = word.length;
  while (from < to && delimiters.indexOf(word[from]) >= 0) from++;
  while (to > from && delimiters.indexOf(word[to - 1]) >= 0) to--;
  return word.slice(from, to);
}

/**
 * True when `word` (not empty) stands in `text` between two of `delimiters`, the start or the end.
 */
export function hasWord(text: string, word: string, delimiters: string): boolean {
  if (word === '') return false;
  const last = text.length - word.length;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (at > 0 && delimiters.indexOf(text[at - 1]) < 0) continue;
    if (at === last || delimiters.indexOf(text[at + word.length]) >= 0) return true;
  }
  return false;
}

/** The same letter of ASCII in the other case, or the code itself. */
export function asciiPair(code: number): number {
  const lower = code | 32;
  return lower >= 97 && lower <= 122 ? code ^ 32 : code;
}
