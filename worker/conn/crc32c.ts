// CRC-32C (RFC 4960 appendix B) of the PROXY protocol's checksum TLV. Pure.

const table = new Int32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0);
  return value;
});

/**
 * Checksum of `length` bytes at `at`, unsigned; the four bytes at `hole` count as zero (-1: none
 * do).
 */
export function crc32c(bytes: Uint8Array, at: number, length: number, hole = -1): number {
  let value = -1;
  for (let i = at; i < at + length; i++) {
    const byte = hole >= 0 && i >= hole && i < hole + 4 ? 0 : bytes[i];
    value = table[(value ^ byte) & 255] ^ (value >>> 8);
  }
  return ~value >>> 0;
}
