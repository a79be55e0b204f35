// The numbers are those of HAProxy 3.5-dev5 for the same messages.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../../test/harness/expressions.ts';
import { headerName, writeLatin1 } from '../../http/message.ts';
import { directionResponse } from '../../stream/stream.ts';

function postBench(): ExpressionBench {
  const bench = new ExpressionBench([], {}, 'http-request');
  bench.exchange.request('POST /a HTTP/1.1\r\nHost: xx\r\nX-Foo: Bar\r\nContent-Length: 5\r\n\r\n');
  const { stream } = bench.exchange;
  const { memory } = stream.thread;
  const at = memory.take();
  writeLatin1(memory.bytes, at, 'hello');
  Object.assign(stream.requestPayload, { at, length: 5, ended: true });
  return bench;
}

test('a request as HAProxy keeps it', () => {
  const bench = postBench();
  for (const [name, value] of [
    ['internal.htx.size', 'sint:16344'],
    ['internal.htx.nbblks', 'sint:6'],
    // 34 of the start line, 6, 8 and 15 of headers, 1 behind them, 5 of payload.
    ['internal.htx.data', 'sint:69'],
    ['internal.htx.used', 'sint:117'],
    ['internal.htx.free', 'sint:16227'],
    ['internal.htx.free_data', 'sint:16219'],
    ['internal.htx.has_eom', 'bool:1'],
    ['internal.htx_blk.type(0)', 'str:HTX_BLK_REQ_SL'],
    ['internal.htx_blk.size(head)', 'sint:34'],
    ['internal.htx_blk.start_line(first)', 'str:POST /a HTTP/1.1'],
    ['internal.htx_blk.hdrname(2)', 'str:x-foo'],
    ['internal.htx_blk.hdrval(2)', 'str:Bar'],
    ['internal.htx_blk.size(2)', 'sint:8'],
    ['internal.htx_blk.hdrval(0)', 'str:'],
    ['internal.htx_blk.type(4)', 'str:HTX_BLK_EOH'],
    ['internal.htx_blk.type(tail)', 'str:HTX_BLK_DATA'],
    ['internal.htx_blk.data(tail),lower', 'str:hello'],
    ['internal.htx_blk.size(tail)', 'sint:5'],
    ['internal.htx_blk.type(6)', 'str:HTX_BLK_UNUSED'],
    ['internal.htx_blk.size(6)', 'sint:0'],
    ['internal.htx_blk.start_line(6)', 'str:'],
  ]) {
    assert.equal(bench.value(name), value, name);
  }
});

test('removed headers are no blocks, added ones are', () => {
  const bench = postBench();
  const { request } = bench.exchange.stream;
  request.removeAll(headerName('x-foo'));
  assert.equal(bench.value('internal.htx.nbblks'), 'sint:5');
  request.add(headerName('x-new'), 'value');
  assert.equal(bench.value('internal.htx_blk.hdrname(3)'), 'str:x-new');
});

test('a response: the head of its own direction', () => {
  const bench = new ExpressionBench([], {}, 'http-response');
  const { stream } = bench.exchange;
  stream.direction = directionResponse;
  assert.equal(bench.value('internal.htx.nbblks'), 'wait');
  bench.exchange.response('HTTP/1.1 200 OK\r\nServer: x\r\n\r\n');
  assert.equal(bench.value('internal.htx_blk.type(head)'), 'str:HTX_BLK_RES_SL');
  assert.equal(bench.value('internal.htx_blk.size(head)'), 'sint:33');
  assert.equal(bench.value('internal.htx_blk.start_line(head)'), 'str:HTTP/1.1 200 OK');
  assert.equal(bench.value('internal.htx.has_eom'), 'bool:0');
});

test('a position is a number or one of three words', () => {
  const bench = postBench();
  assert.match(bench.value('internal.htx_blk.size(last)'), /'last' is no position of a block/);
  assert.match(bench.value('internal.htx_blk.size(-1)'), /'-1' is no position of a block/);
});
