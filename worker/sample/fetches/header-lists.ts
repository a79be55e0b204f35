// All headers of a message in one value (manual 7.3.6: hdr_names, hdrs, hdrs_bin), for either side.
// Used by headers.ts only.

import { headerWords } from '../../http/message.ts';
import type { ArgumentValue, Evaluate } from '../../keyword.ts';
import type { ReadHead } from './row.ts';

/** hdr_names([delimiter]): the names of all headers. */
export function buildNames(read: ReadHead) {
  return (args: readonly ArgumentValue[]): Evaluate => {
    const delimiter = ((args[0] as string | undefined) ?? ',')[0] ?? ',';
    return (stream, out) => {
      const message = read(stream, out);
      if (message === null) return false;
      let text = '';
      for (let i = 0; i < message.count; i++) {
        if (message.headers[i * headerWords + 1] === 0) continue;
        text += (text === '' ? '' : delimiter) + message.nameText(i);
      }
      return out.setText(text);
    };
  };
}

/** All header lines and the empty one, as HTTP/1 writes them. */
export function headersText(read: ReadHead): Evaluate {
  return (stream, out) => {
    const message = read(stream, out);
    if (message === null) return false;
    let text = '';
    for (let i = 0; i < message.count; i++) {
      if (message.headers[i * headerWords + 1] === 0) continue;
      text += `${message.nameText(i)}: ${message.valueText(i)}\r\n`;
    }
    return out.setText(`${text}\r\n`);
  };
}

/** Length as SPOE encodes it: up to 239 in one byte, then 4 and 7 bits more each. */
function varint(value: number): string {
  if (value < 240) return String.fromCharCode(value);
  let out = String.fromCharCode((value & 15) | 240);
  let rest = (value - 240) >> 4;
  while (rest >= 128) {
    out += String.fromCharCode((rest & 127) | 128);
    rest = (rest - 128) >> 7;
  }
  return out + String.fromCharCode(rest);
}

/** Names and values each behind its length, then an empty pair. */
export function headersBinary(read: ReadHead): Evaluate {
  return (stream, out) => {
    const message = read(stream, out);
    if (message === null) return false;
    let text = '';
    for (let i = 0; i < message.count; i++) {
      if (message.headers[i * headerWords + 1] === 0) continue;
      const name = message.nameText(i);
      const value = message.valueText(i);
      text += varint(name.length) + name + varint(value.length) + value;
    }
    return out.setBinary(`${text}\0\0`);
  };
}
