// `tcp-md5sig KEY` of bind and server lines: signatures of TCP segments (RFC 2385).

import type { WordCursor } from '../keyword.ts';

/** TCP_MD5SIG_MAXKEYLEN. */
const keyBytesMax = 80;

/** The key; null after a complaint. */
export function readMd5Key({ line, index }: WordCursor): string | null {
  const key = line.arg(index + 1);
  if (key === '') return line.alert(index, "'tcp-md5sig' : missing value");
  if (key.length <= keyBytesMax) return key;
  return line.alert(
    index + 1,
    `'tcp-md5sig' : password too long (at most ${keyBytesMax} characters expected).`,
  );
}
