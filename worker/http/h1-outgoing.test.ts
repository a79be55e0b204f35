// Rules may do anything to header lines; what frames a message must still be true when it leaves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exchange, headerTexts } from '../../test/harness/http-text.ts';
import { framingBroken, payloadDropped, settleEdits } from './h1-outgoing.ts';
import {
  bodyChunked,
  bodyLength,
  bodyUntilClose,
  connectionClose,
  connectionKeepAlive,
  connectionUpgrade,
  headerName,
  type Message,
} from './message.ts';

const length = headerName('content-length');
const coding = headerName('transfer-encoding');
const connection = headerName('connection');

const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
const chunkedPost = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
const chunkedAnswer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const openAnswer = 'HTTP/1.1 200 OK\r\nServer: x\r\n\r\n';
const empty = 'HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n';

type Edit = (message: Message) => void;

function settle(text: string, edit: Edit): { message: Message; result: number; lines: string[] } {
  const isRequest = !text.startsWith('HTTP/');
  const exchange = new Exchange();
  const { message } = exchange;
  exchange.append(text);
  const headBytes = isRequest ? exchange.request() : exchange.response();
  assert.equal(headBytes, text.length);
  edit(message);
  const result = settleEdits(message, isRequest);
  return { message, result, lines: headerTexts(message) };
}

test('a message that no rule touched is not looked at', () => {
  for (const text of [post, chunkedPost, get, answer, chunkedAnswer, openAnswer, empty]) {
    const { result, message } = settle(text, () => {});
    assert.equal(result, 0);
    assert.equal(message.edition, message.receivedEdition);
  }
});

test('framing lines agree with the payload whatever rules did', () => {
  const noHost = (lines: string[]) => lines.filter((line) => !/^(host|server)/.test(line));
  const cases: [string, Edit, number, number, string[]][] = [
    [post, (m) => m.removeAll(length), payloadDropped, bodyLength, ['content-length: 0']],
    [post, (m) => m.add(coding, 'chunked'), 0, bodyLength, ['content-length: 5']],
    [post, (m) => m.add(length, '7'), 0, bodyLength, ['content-length: 5']],
    [post, (m) => m.setValue(1, '7'), framingBroken, bodyLength, ['content-length: 7']],
    [post, (m) => m.setValue(1, 'five'), framingBroken, bodyLength, ['content-length: five']],
    [chunkedPost, (m) => m.removeAll(coding), payloadDropped, bodyLength, ['content-length: 0']],
    [chunkedPost, (m) => m.add(length, '7'), 0, bodyChunked, ['transfer-encoding: chunked']],
    [chunkedPost, (m) => m.setValue(1, 'gzip'), 0, bodyChunked, ['transfer-encoding: chunked']],
    [chunkedPost, (m) => m.add(coding, 'x'), 0, bodyChunked, ['transfer-encoding: chunked']],
    [get, (m) => m.add(length, '7'), 0, 0, []],
    [get, (m) => m.add(coding, 'chunked'), 0, 0, []],
    [answer, (m) => m.removeAll(length), 0, bodyUntilClose, []],
    [answer, (m) => m.setValue(0, '4'), framingBroken, bodyLength, ['content-length: 4']],
    [chunkedAnswer, (m) => m.removeAll(coding), 0, bodyUntilClose, []],
    [openAnswer, (m) => m.add(length, '3'), 0, bodyUntilClose, []],
    [openAnswer, (m) => m.add(coding, 'chunked'), 0, bodyUntilClose, []],
    [empty, (m) => m.add(length, '3'), 0, 0, []],
    [empty, (m) => m.add(length, '0'), 0, 0, ['content-length: 0']],
    [empty, (m) => m.add(coding, 'chunked'), 0, 0, []],
  ];
  for (const [text, edit, wanted, framing, lines] of cases) {
    const settled = settle(text, edit);
    const name = `${text.slice(0, 20)} ${edit}`;
    assert.equal(settled.result, wanted, name);
    assert.equal(settled.message.framing, framing, name);
    assert.deepEqual(noHost(settled.lines), lines, name);
  }
});

test('close and keep-alive that rules set are taken out and told', () => {
  const cases: [string, number, string[]][] = [
    ['close', connectionClose, []],
    ['Keep-Alive', connectionKeepAlive, []],
    ['x-hop, close', connectionClose, ['connection: x-hop']],
    ['upgrade', connectionUpgrade, ['connection: upgrade']],
    ['x-close', 0, ['connection: x-close']],
  ];
  for (const [value, wanted, lines] of cases) {
    const settled = settle(get, (message) => message.add(connection, value));
    assert.equal(settled.result, wanted, value);
    assert.deepEqual(settled.lines, ['host: a', ...lines], value);
  }
});
