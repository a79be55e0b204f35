// Questions as other implementations read them, and what answers of every kind are worth; bytes
// that are cut or changed anywhere never do more than make an answer worthless.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';
import { decodeReply, encodeQuestion, messageId, questionName } from './message.ts';

test('a question asks for recursion and says how long an answer may be', () => {
  const bytes = encodeQuestion({ id: 4711, name: 'www.test', type: 'AAAA' }, 1234);
  assert.equal(messageId(bytes), 4711);
  const { questions, additionals, flags } = decode(bytes);
  assert.deepEqual(questions, [{ name: 'www.test', type: 'AAAA', class: 'IN' }]);
  assert.equal(flags, 0x0100);
  const [option] = additionals ?? [];
  assert.equal(option.type === 'OPT' && option.udpPayloadSize, 1234);
});

const a = (name: string, data: string): Answer => ({ name, type: 'A', ttl: 1, data });
const alias = (name: string, data: string): Answer => ({ name, type: 'CNAME', ttl: 1, data });

function reply(answers: Answer[], more: Partial<Packet> = {}): Buffer {
  const questions = [{ name: 'a.test', type: 'A' as const }];
  return encode({ type: 'response', id: 1, questions, answers, ...more });
}

const verdicts: readonly (readonly [string, Buffer, string])[] = [
  ['addresses', reply([a('a.test', '10.0.0.1'), a('A.Test', '10.0.0.2')]), 'valid'],
  ['an alias', reply([alias('a.test', 'b.test'), a('b.test', '10.0.0.1')]), 'valid'],
  ['no record', reply([]), 'any_err'],
  ['no such name', reply([], { flags: 3 }), 'nx'],
  ['refused', reply([], { flags: 5 }), 'refused'],
  ['a failure', reply([], { flags: 2 }), 'other'],
  ['cut', reply([a('a.test', '10.0.0.1')], { flags: TRUNCATED_RESPONSE }), 'truncated'],
  ['an alias of nothing', reply([alias('a.test', 'b.test')]), 'cname_error'],
  ['a broken chain', reply([alias('a.test', 'b.test'), a('c.test', '10.0.0.1')]), 'cname_error'],
  ['another name', reply([a('b.test', '10.0.0.1')]), 'invalid'],
  ['two questions', twice(reply([a('a.test', '10.0.0.1')])), 'invalid'],
  ['too many records', reply(Array.from({ length: 90 }, () => a('a.test', '10.0.0.1'))), 'invalid'],
  ['a few bytes', Buffer.from([0, 1, 0]), 'invalid'],
];

function twice(bytes: Buffer): Buffer {
  bytes.writeUInt16BE(2, 4);
  return bytes;
}

for (const [what, bytes, verdict] of verdicts) {
  test(`an answer with ${what} is ${verdict}`, () => {
    assert.equal(decodeReply(bytes, 'a.test', 512).verdict, verdict);
  });
}

test('services come with the addresses of their targets', () => {
  const data = { target: 'W1.test', port: 81, weight: 300, priority: 1 };
  const bytes = encode({
    type: 'response',
    id: 1,
    questions: [{ name: '_w.test', type: 'SRV' }],
    answers: [{ name: '_w.test', type: 'SRV', ttl: 1, data }],
    additionals: [{ name: 'w1.test', type: 'AAAA', ttl: 1, data: '2001:db8:0:0:0:0:0:1' }],
  });
  const { verdict, records, additional } = decodeReply(bytes, '_w.test', 512);
  assert.equal(verdict, 'valid');
  assert.deepEqual(records, [{ type: 'SRV', target: 'w1.test', port: 81, weight: 300 }]);
  assert.deepEqual(additional, [{ type: 'AAAA', name: 'w1.test', address: '2001:db8::1' }]);
});

test('what is whole of a list of services that was cut can be used', () => {
  const services = [1, 2, 3].map((port): Answer => {
    const data = { target: 'w.test', port, weight: 1, priority: 1 };
    return { name: '_w.test', type: 'SRV', ttl: 1, data };
  });
  const questions = [{ name: '_w.test', type: 'SRV' as const }];
  const flags = TRUNCATED_RESPONSE;
  const bytes = encode({ type: 'response', id: 1, flags, questions, answers: services });
  const { verdict, records } = decodeReply(bytes.subarray(0, -3), '_w.test', 512);
  assert.equal(verdict, 'valid');
  assert.equal(records.length, 2);
});

test('cut and changed bytes are an answer or none', () => {
  const bytes = reply([alias('a.test', 'b.test'), a('b.test', '10.0.0.1')]);
  for (let end = 0; end < bytes.length; end++) {
    assert.notEqual(decodeReply(bytes.subarray(0, end), 'a.test', 512).verdict, 'valid');
  }
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 1, 0x3f, 0xc0, 0xff]) {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      decodeReply(changed, 'a.test', 512);
    }
  }
});

test('names are asked for in lower case, unless they cannot be', () => {
  assert.equal(questionName('WWW.Example.test.'), 'www.example.test');
  for (const bad of ['', '.', 'a..b', `${'x'.repeat(64)}.test`, 'a b', `${'a.'.repeat(130)}b`]) {
    assert.equal(questionName(bad), null, bad);
  }
});
