import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameCase } from './name-case.ts';

const names = new NameCase([
  { from: 'host', to: 'HoSt' },
  { from: 'x-me', to: 'X-Me' },
  { from: 'content-length', to: 'Content-Length' },
]);

function adjusted(text: string, by = names): string {
  const bytes = Uint8Array.from(Buffer.from(`before ${text} host: x\r\n`));
  by.apply(bytes, 7, text.length);
  const whole = Buffer.from(bytes).toString();
  assert.equal(whole.startsWith('before ') && whole.endsWith(' host: x\r\n'), true);
  return whole.slice(7, 7 + text.length);
}

test('listed names are written as listed, nothing else changes', () => {
  const head =
    'GET host: HTTP/1.1\r\nhost: host: a\r\nx-me:1\r\nx-men:2\r\ncontent-length: 3\r\n\r\n';
  assert.equal(
    adjusted(head),
    'GET host: HTTP/1.1\r\nHoSt: host: a\r\nX-Me:1\r\nx-men:2\r\nContent-Length: 3\r\n\r\n',
  );
  assert.equal(adjusted('0\r\nx-me: 1\r\n\r\n'), '0\r\nX-Me: 1\r\n\r\n');
  assert.equal(adjusted('GET / HTTP/1.1'), 'GET / HTTP/1.1');
});

test('an empty list changes nothing', () => {
  assert.equal(adjusted('a\r\nhost: x\r\n\r\n', new NameCase([])), 'a\r\nhost: x\r\n\r\n');
});
