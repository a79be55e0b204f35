import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from './framing.ts';

interface Outcome {
  readonly messages: readonly string[];
  readonly isFine: boolean;
}

/** Feeds `text` in pieces that end at `cuts`. */
function read(text: string, cuts: readonly number[], isByLine = false, lengthMax = 100): Outcome {
  const reader = new FrameReader(lengthMax, isByLine);
  const messages: string[] = [];
  let from = 0;
  for (const to of [...cuts, text.length]) {
    const chunk = Buffer.from(text.slice(from, to), 'latin1');
    const isFine = reader.push(chunk, (bytes, at, length) =>
      messages.push(bytes.toString('latin1', at, at + length)),
    );
    if (!isFine) return { messages, isFine };
    from = to;
  }
  return { messages, isFine: true };
}

const stories: readonly (readonly [string, string, readonly string[], boolean, boolean?])[] = [
  ['lines', '<13>a\n<13>b\r\n<1', ['<13>a', '<13>b'], true],
  ['counted octets', '5 <13>a8 <13>b\r\n\x00', ['<13>a', '<13>b\r\n\x00'], true],
  ['both', '5 <13>a<13>b\n11 <13>cdefghi<', ['<13>a', '<13>b', '<13>cdefghi'], true],
  ['lines only', 'plain\n5 <13>a\n\nx\r\n', ['plain', '5 <13>a', '', 'x'], true, true],
  ['neither', '<13>a\nx\n', ['<13>a'], false],
  ['a count of zero', '0 ', [], false],
  ['a count that is none', '5x<13>a', [], false],
  ['a count without end', '12345678901234', [], false],
  ['a count that is too large', '101 x', [], false],
  ['a line that is too long', `<${'x'.repeat(100)}`, [], false],
  ['an empty line between', '<13>ok\n\n<13>', ['<13>ok'], false],
];

for (const [name, text, messages, isFine, isByLine] of stories) {
  test(`framing, cut anywhere: ${name}`, () => {
    for (let cut = 0; cut <= text.length; cut++) {
      const outcome = read(text, [cut], isByLine);
      assert.deepEqual(outcome, { messages, isFine }, `cut at ${cut}`);
    }
    const everywhere = Array.from({ length: text.length }, (_, at) => at);
    assert.deepEqual(read(text, everywhere, isByLine), { messages, isFine });
  });
}
