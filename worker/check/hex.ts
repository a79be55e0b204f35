// Hexadecimal texts of checks: `send-binary`, `expect binary` and what their log formats give.

/** The bytes of `text`, one character each; null when it is not hexadecimal. */
export function parseHex(text: string): string | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  return Buffer.from(text, 'hex').toString('latin1');
}
