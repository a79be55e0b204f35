// Fuzzer of FastCGI. Random records go through the demultiplexer in random pieces, output taken in
// random portions: what comes out is what went in. Then bytes are changed: whatever is accepted
// stays inside its memory, which is given back. CGI heads and values the same. `smoke` is run by
// fcgi.test.ts; a failure names the seed.

import assert from 'node:assert/strict';
import { FakeSys } from '../../shared/sys/fake/sys.ts';
import { parseCgiHead } from '../../worker/http/cgi-head.ts';
import { outputAhead } from '../../worker/http/fcgi-records.ts';
import { H1Limits, HeadState } from '../../worker/http/h1.ts';
import { headerWords, Message } from '../../worker/http/message.ts';
import { SlotPool } from '../../worker/memory/pool.ts';
import { readValues } from '../../worker/mux/fcgi-values.ts';
import { FedDemux } from '../harness/fcgi-fed.ts';
import { endRecord, pairs, record, types } from '../harness/fcgi-records.ts';
import { Random } from './h1.fuzz.ts';

const slotBytes = 2048;
const idMax = 4;

/** What requests said, by number, and what was told of the connection. */
class Heard {
  readonly output = new Map<number, string>();
  readonly errors = new Map<number, string>();
  readonly ends: string[] = [];
  isFatal = false;

  add(to: Map<number, string>, id: number, text: string): void {
    to.set(id, (to.get(id) ?? '') + text);
  }
}

class Bench {
  readonly pool = new SlotPool(new FakeSys(), slotBytes, 8);
  private readonly scratchAt = this.pool.take();
  private readonly message = new Message(this.pool, 32);

  private text(at: number, length: number): string {
    const { bytes } = this.pool;
    assert.ok(at >= 0 && length >= 0 && at + length <= bytes.length);
    return Buffer.from(bytes.slice(at, at + length)).toString('latin1');
  }

  /** All of `bytes` through a demultiplexer. */
  run(bytes: Buffer, random: Random): Heard {
    const heard = new Heard();
    const { pool, scratchAt } = this;
    const readers = Array.from({ length: idMax }, (_, id) => ({ id, onOutput: () => take(id) }));
    const take = (id: number): void => {
      const got = fed.demux.take(readers[id], scratchAt, 1 + random.below(400));
      const { left, padding, rest } = fed.demux;
      outputAhead(pool.bytes, rest, { left, padding }, id);
      heard.add(heard.output, id, this.text(scratchAt, got));
    };
    const fed = new FedDemux(pool, bytes, () => 1 + random.below(700), {
      isReadable: () => fed.isOpen,
      onRecord: () => {},
      readerOf: (id) => (id > 0 && id < idMax ? readers[id] : null),
      onOutputEnd: (id) => heard.ends.push(`output ${id}`),
      onErrors: (id, from, length) => heard.add(heard.errors, id, this.text(from, length)),
      onRequestEnd: (id, status) => heard.ends.push(`end ${id} ${status}`),
      onValues: (at, length) =>
        length < 0 || readValues(pool.bytes, { at, length }, false, 1) !== 0,
      onStray: () => random.below(20) > 0,
      onEnd: () => {},
      onFatal: () => {
        heard.isFatal = true;
        fed.isOpen = false;
      },
    });
    fed.run(readers, ({ id }) => take(id));
    assert.equal(pool.inUse, 1, 'slots are given back');
    return heard;
  }

  /** A head of CGI that was changed: its table lies inside what was parsed. */
  head(text: Buffer): void {
    const at = this.pool.take();
    const length = Math.min(text.length, slotBytes);
    this.pool.bytes.set(text.subarray(0, length), at);
    const result = parseCgiHead(this.message, at, length, new HeadState(new H1Limits(16)));
    assert.ok(result <= length);
    const { headers, count, status } = this.message;
    for (let word = 0; result > 0 && word < count * headerWords; word += headerWords) {
      if (headers[word + 1] === 0) continue;
      assert.ok(headers[word] >= at && headers[word] + headers[word + 1] <= at + result);
      assert.ok(headers[word + 2] >= at && headers[word + 2] + headers[word + 3] <= at + result);
    }
    assert.ok(result <= 0 || (status >= 200 && status <= 999));
    this.pool.release(at);
  }
}

interface Told {
  readonly bytes: Buffer;
  readonly heard: Heard;
}

/** Records that keep the rules, and what they tell. */
function story(random: Random): Told {
  const heard = new Heard();
  const records = Array.from({ length: 1 + random.below(12) }, () => {
    const id = 1 + random.below(idMax - 1);
    const text = random.pick(['', 'x', 'hello', 'y'.repeat(3000), 'z'.repeat(random.below(900))]);
    const padding = random.below(10);
    switch (random.below(6)) {
      case 0:
        heard.ends.push(`end ${id} 0`);
        return endRecord(id);
      case 1:
        heard.add(heard.errors, id, text);
        return record(types.stderr, id, text, padding);
      case 2:
        return record(types.values, 0, pairs({ FCGI_MAX_REQS: '4', A: 'b'.repeat(140) }), padding);
      case 3:
        return record(types.unknown, 0, '\0'.repeat(8), padding);
      default:
        if (text === '') heard.ends.push(`output ${id}`);
        heard.add(heard.output, id, text);
        return record(types.stdout, id, text, padding);
    }
  });
  return { bytes: Buffer.concat(records), heard };
}

function change(bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  for (let i = 1 + random.below(3); i > 0 && changed.length > 0; i--) {
    changed[random.below(changed.length)] = random.pick([0, 1, 6, 128, 255, random.below(256)]);
  }
  return random.below(3) === 0 ? changed.subarray(0, random.below(changed.length)) : changed;
}

const nonEmpty = (map: Map<number, string>): [number, string][] =>
  [...map].filter(([, text]) => text !== '').toSorted(([a], [b]) => a - b);

const heads = [
  'Status: 200 OK\r\nContent-Type: text/html\r\nX-A: b\r\n\r\nbody',
  'Location: /x\r\nSet-Cookie: a=b\r\nContent-Length: 12\r\n\r\n',
  'Transfer-Encoding: chunked\nStatus:404\n\n',
];

/** `runs` random stories; a failure says which. */
export function smoke(seed: number, runs: number): void {
  const random = new Random(seed);
  const bench = new Bench();
  for (let run = 0; run < runs; run++) {
    const { bytes, heard } = story(random);
    const got = bench.run(bytes, random);
    const what = `run ${run} of seed ${seed}`;
    assert.equal(got.isFatal, false, what);
    assert.deepEqual(nonEmpty(got.output), nonEmpty(heard.output), what);
    assert.deepEqual(nonEmpty(got.errors), nonEmpty(heard.errors), what);
    assert.deepEqual(got.ends, heard.ends, what);
    bench.run(change(bytes, random), random);
    bench.head(change(Buffer.from(random.pick(heads)), random));
  }
}
