// Parts of a text between delimiters, as the converters field, word and param count them. Pure;
// proxy thread.

/**
 * Field `index` (from 1, or from -1 backwards) of `text`, and the `count` - 1 that follow it
 * (0: all); every delimiter counts. null: there is no such field.
 */
export function field(
  text: string,
  index: number,
  delimiters: string,
  count: number,
): string | null {
  return index > 0
    ? fieldForward(text, index, delimiters, count)
    : fieldBackward(text, index, delimiters, count);
}

function fieldForward(
  text: string,
  index: number,
  delimiters: string,
  count: number,
): string | null {
  let at = 1;
  let start = 0;
  let left = count;
  for (let end = 0; end < text.length; end++) {
    if (delimiters.indexOf(text[end]) < 0) continue;
    if (at !== index) {
      start = end + 1;
      at++;
    } else if (left === 1) return text.slice(start, end);
    else if (left > 1) left--;
  }
  return at === index ? text.slice(start) : null;
}

function fieldBackward(
  text: string,
  index: number,
  delimiters: string,
  count: number,
): string | null {
  let at = -1;
  let end = text.length;
  let left = count;
  for (let start = text.length; start > 0; start--) {
    if (delimiters.indexOf(text[start - 1]) < 0) continue;
    if (at !== index) {
      end = start - 1;
      at--;
    } else if (left === 1) return text.slice(start, end);
    else if (left > 1) left--;
  }
  return at === index ? text.slice(0, end) : null;
}

/** The same for words: runs of delimiters count as one, those at the ends not at all. */
export function word(
  text: string,
  index: number,
  delimiters: string,
  count: number,
): string | null {
  return index > 0
    ? wordForward(text, index, delimiters, count)
    : wordBackward(text, index, delimiters, count);
}

function wordForward(
  text: string,
  index: number,
  delimiters: string,
  count: number,
): string | null {
  let at = 0;
  let inside = false;
  let start = 0;
  let left = count;
  for (let end = 0; end < text.length; end++) {
    const isDelimiter = delimiters.indexOf(text[end]) >= 0;
    if (!inside && !isDelimiter) {
      inside = true;
      if (at === index) continue;
      at++;
      start = end;
    } else if (inside && isDelimiter) {
      if (at === index && left === 1) return text.slice(start, end);
      if (at === index && left > 1) left--;
      inside = false;
    }
  }
  return at === index ? text.slice(start) : null;
}

function wordBackward(
  text: string,
  index: number,
  delimiters: string,
  count: number,
): string | null {
  let at = 0;
  let inside = false;
  let end = text.length;
  let left = count;
  for (let start = text.length; start > 0; start--) {
    const isDelimiter = delimiters.indexOf(text[start - 1]) >= 0;
    if (!inside && !isDelimiter) {
      inside = true;
      if (at === index) continue;
      at--;
      end = start;
    } else if (inside && isDelimiter) {
      if (at === index && left === 1) return text.slice(start, end);
      if (at === index && left > 1) left--;
      inside = false;
    }
  }
  return at === index ? text.slice(0, end) : null;
}

/** Value of the first parameter `name`, '' when it has none, null when it is not there. */
export function partsOf(text: string, name: string, delimiter: string): string | null {
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf(delimiter, at);
    const end = next < 0 ? text.length : next;
    if (text.startsWith(name, at)) {
      const after = at + name.length;
      if (after === end) return '';
      if (after < end && text.charCodeAt(after) === 61) return text.slice(after + 1, end);
    }
    at = end + 1;
  }
  return null;
}
