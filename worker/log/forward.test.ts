// Forwarded messages: what HAProxy makes of them was recorded with HAProxy 3.5-dev5, one message
// and every form of header at a time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostStrategy } from '../../shared/config/model.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import { forwardMessage } from './forward.ts';
import { formOf } from './forward-header.ts';
import { LineBuffer } from './line.ts';
import type { LogSink } from './sink.ts';

const noSys = {} as Sys;

/** What leaves for a target of form `form`. */
function forwarded(text: string, form: string, host: HostStrategy = 'fill', isOpaque = false) {
  const lines: string[] = [];
  const line = new LineBuffer(new Uint8Array(2048));
  const sender = {
    begin: (_: Sys, length: number) => {
      line.start(0, length);
      return line;
    },
    commit: () => {
      lines.push(Buffer.from(line.bytes.subarray(0, line.at)).toString('latin1'));
    },
  } as unknown as LogSink;
  const target = {
    ...{ sender, form: formOf(form), facility: 17, facilityBits: 136, level: 7, minLevel: 0 },
    ...{ lengthBytes: 1024, sample: null, profile: null },
  };
  const bytes = Buffer.from(`..${text}`, 'latin1');
  const plan = { targets: [target], isOpaque, host };
  const wallMs = new Date(2026, 10, 29, 7, 30, 5).getTime() + 0.25;
  const received = { bytes, at: 2, length: text.length, sender: '192.0.2.1', wallMs };
  forwardMessage(noSys, plan, received);
  const now = /2026-11-29T07:30:05\.000250[+-]\d\d:\d\d/;
  return lines.map((one) => one.slice(0, -1).replace(now, 'NOW')).join('|');
}

const legacy = '<13>Nov  2 07:00:00 hosty tag[12]: msg\n';
const modern = '<13>1 2026-01-02T03:04:05.678Z h app 42 ID7 [a b="c\\]"][d] hello world';

const forms: readonly (readonly [form: string, legacy: string, modern: string])[] = [
  [
    '',
    '<13>Nov  2 07:00:00 hosty tag[12]: msg',
    '<13>1 2026-01-02T03:04:05.678Z h app 42 ID7 [a b="c\\]"][d] hello world',
  ],
  ['raw', 'msg', 'hello world'],
  ['priority', '<13>msg', '<13>hello world'],
  ['short', '<5>msg', '<5>hello world'],
  ['timed', '<5>2026-11-02T07:00:00-00:00 msg', '<5>2026-01-02T03:04:05.678Z hello world'],
  ['iso', '2026-11-02T07:00:00-00:00 msg', '2026-01-02T03:04:05.678Z hello world'],
  ['local', '<13>Nov  2 07:00:00 tag[12]: msg', '<13>Jan  2 03:04:05 app[42]: hello world'],
  [
    'rfc3164',
    '<13>Nov  2 07:00:00 hosty tag[12]: msg',
    '<13>Jan  2 03:04:05 h app[42]: hello world',
  ],
  [
    'rfc5424',
    '<13>1 2026-11-02T07:00:00-00:00 hosty tag 12 - - msg',
    '<13>1 2026-01-02T03:04:05.678Z h app 42 ID7 [a b="c\\]"][d] hello world',
  ],
];

for (const [form, fromLegacy, fromModern] of forms) {
  test(`a message leaves in form '${form}'`, () => {
    assert.equal(forwarded(legacy, form), fromLegacy);
    assert.equal(forwarded(modern, form), fromModern);
  });
}

const stories: readonly (readonly [text: string, expected: string])[] = [
  ['plain text', '<136>Nov 29 07:30:05 192.0.2.1 plain text'],
  ['<13>x', '<13>Nov 29 07:30:05 192.0.2.1 x'],
  ['<13>', ''],
  ['', ''],
  ['<13', '<136>Nov 29 07:30:05 192.0.2.1 <13'],
  ['<a>b', '<136>Nov 29 07:30:05 192.0.2.1 <a>b'],
  ['<>hi there', '<0>Nov 29 07:30:05 192.0.2.1 hi there'],
  ['a\nb\n\0\n', '<136>Nov 29 07:30:05 192.0.2.1 a\nb'],
  ['<13>Nov  2 07:00:00 hosty ', ''],
  ['<13>Nov  2 07:00:00 hosty only', '<13>Nov  2 07:00:00 hosty only'],
  ['<13>Nov  2 07:00:00 h t[1]x: m', '<13>Nov  2 07:00:00 h t: t[1]x: m'],
  ['<13>Nov  2 07:00:00 h t[1][2]: m', '<13>Nov  2 07:00:00 h t: t[1][2]: m'],
  ['<13>Nov  2 07:00:00 h t:nospace', '<13>Nov  2 07:00:00 h t:nospace'],
  ['<13>Nov  2 07:00:00  two', '<13>Nov 29 07:30:05 192.0.2.1 Nov  2 07:00:00  two'],
  ['<13>Foo 29 07:00:00 hosty t: m', '<13>Nov 29 07:30:05 192.0.2.1 Foo 29 07:00:00 hosty t: m'],
  ['<999>Nov 29 07:00:00 hosty t: m', '<999>Nov 29 07:00:00 hosty t: m'],
  ['<13>1 - - - - - - hello', '<13>1 - 192.0.2.1 - - - - hello'],
  ['<13>1 2026-01-02T03:04:05+01:00 h a 4 - - m', '<13>1 2026-01-02T03:04:05+01:00 h a 4 - - m'],
  // HAProxy loses the last two bytes of a message that breaks RFC 5424; here it stays whole.
  ['<13>1 2026-01-02 bad message', '<13>Nov 29 07:30:05 192.0.2.1 1 2026-01-02 bad message'],
  [
    '<13>1 2026-01-02T03:04:05Z h a 4 - [open',
    '<13>Nov 29 07:30:05 192.0.2.1 1 2026-01-02T03:04:05Z h a 4 - [open',
  ],
  [
    '<13>1 2026-01-02T03:04:05.1x h a 1 - - m',
    '<13>Nov 29 07:30:05 192.0.2.1 1 2026-01-02T03:04:05.1x h a 1 - - m',
  ],
];

for (const [text, expected] of stories) {
  test(`a message keeps its form: ${JSON.stringify(text)}`, () => {
    assert.equal(forwarded(text, ''), expected);
  });
}

test('a month that is still to come was last year; a month that is none gives way to now', () => {
  assert.equal(forwarded('<13>Dec 31 07:00:00 h t: m', 'timed'), '<5>2025-12-31T07:00:00-00:00 m');
  const wrong = '<13>1 2026-13-02T03:04:05Z h app 1 - - x';
  assert.equal(forwarded(wrong, 'local'), '<13>Nov 29 07:30:05 app[1]: x');
  assert.equal(forwarded(wrong, 'iso'), '2026-13-02T03:04:05Z x');
  assert.equal(forwarded('x', 'iso'), 'NOW x');
  assert.equal(forwarded('x', 'rfc5424'), '<136>1 NOW 192.0.2.1 - - - - x');
});

test('option host: where the name of the host comes from', () => {
  const named = '<13>Nov  2 07:00:00 hosty t: m';
  const nameless = '<13>1 - - - - - - m';
  const expected = {
    replace: ['192.0.2.1', '192.0.2.1'],
    fill: ['hosty', '192.0.2.1'],
    keep: ['hosty', '-'],
    append: ['hosty,192.0.2.1', '192.0.2.1'],
  } as const;
  for (const [strategy, hosts] of Object.entries(expected)) {
    const shown = [named, nameless].map((text) =>
      forwarded(text, 'rfc5424', strategy as HostStrategy)
        .split(' ')
        .at(2),
    );
    assert.deepEqual(shown, hosts, strategy);
  }
  assert.equal(forwarded('m', 'rfc3164', 'keep'), '<136>Nov 29 07:30:05 localhost m');
});

test('option dont-parse-log: what came is the text', () => {
  assert.equal(forwarded(legacy, 'raw', 'fill', true), legacy.trimEnd());
  assert.equal(forwarded(legacy, '', 'fill', true), legacy.trimEnd());
  assert.equal(forwarded('<13>x', 'short', 'fill', true), '<0><13>x');
});

test('a line is cut at the length of its target', () => {
  assert.equal(forwarded('x'.repeat(2000), 'raw').length, 1023);
});
