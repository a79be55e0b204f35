// Records of FastCGI as tests write and read them: a codec that shares nothing with the program's.

export const types = {
  begin: 1,
  abort: 2,
  end: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  stderr: 7,
  getValues: 9,
  values: 10,
  unknown: 11,
} as const;

/** One record: header, content, padding. */
export function record(type: number, id: number, content: string | Buffer = '', padding = 0) {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  const header = Buffer.from([1, type, id >> 8, id, bytes.length >> 8, bytes.length, padding, 0]);
  return Buffer.concat([header, bytes, Buffer.alloc(padding, 0xee)]);
}

export const endRecord = (id: number, status = 0): Buffer =>
  record(types.end, id, Buffer.from([0, 0, 0, 0, status, 0, 0, 0]));

const lengthOf = (text: string): Buffer => {
  if (text.length < 128) return Buffer.from([text.length]);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((text.length | 0x80000000) >>> 0);
  return bytes;
};

/** Name-value pairs as they travel. */
export const pairs = (all: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(
    Object.entries(all).flatMap(([name, value]) => [
      lengthOf(name),
      lengthOf(value),
      Buffer.from(name + value, 'latin1'),
    ]),
  );

/** The pairs in `bytes`. */
export function readPairs(bytes: Buffer): [string, string][] {
  const all: [string, string][] = [];
  let at = 0;
  const length = (): number => {
    const isLong = bytes[at] >= 128;
    const value = isLong ? bytes.readUInt32BE(at) & 0x7fffffff : bytes[at];
    at += isLong ? 4 : 1;
    return value;
  };
  const text = (size: number): string => bytes.toString('latin1', at, (at += size));
  while (at < bytes.length) {
    const sizes = [length(), length()];
    all.push([text(sizes[0]), text(sizes[1])]);
  }
  return all;
}
