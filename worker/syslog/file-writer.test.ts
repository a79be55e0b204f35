import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogFileModel } from '../../shared/config/model.ts';
import { EventRing, makeRing } from '../../shared/segment/event-ring.ts';
import { FileWriter } from './file-writer.ts';

interface Scene {
  readonly folder: string;
  readonly path: string;
  readonly clock: { nowMs: number };
  readonly failures: string[];
  readonly ring: EventRing;
  /** Writes lines and waits until they are in the file. */
  put(...lines: readonly string[]): Promise<void>;
  read(suffix?: string): string;
}

function scene(context: TestContext, limits: Partial<LogFileModel>): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-file-'));
  const path = limits.path ?? join(folder, 'log');
  const ring = new EventRing(makeRing(1 << 16));
  const clock = { nowMs: Date.now() };
  const failures: string[] = [];
  const writer = new FileWriter({
    ring,
    file: { path, sizeMax: 0, ageMaxMs: 0, keep: 2, ...limits },
    nowMs: () => clock.nowMs,
    failed: (message) => failures.push(message),
  });
  context.after(async () => {
    await writer.stop(1000);
    rmSync(folder, { recursive: true, force: true });
  });
  const read = (suffix = ''): string => {
    return existsSync(path + suffix) ? readFileSync(path + suffix, 'latin1') : '';
  };
  const put = async (...lines: readonly string[]): Promise<void> => {
    for (const line of lines) {
      const bytes = Buffer.from(line);
      ring.write(bytes, 0, bytes.length);
    }
    ring.wake();
    while (!read().endsWith(`${lines.at(-1)}\n`))
      await new Promise((settle) => setTimeout(settle, 5));
  };
  return { folder, path, clock, failures, ring, put, read };
}

test('lines are appended; a large file gives way, the one too many goes', async (context) => {
  const { put, read } = scene(context, { sizeMax: 20 });
  await put('1 234567', '2 234567');
  assert.equal(read(), '1 234567\n2 234567\n');
  await put('3 234567');
  assert.equal(read(), '3 234567\n');
  assert.equal(read('.1'), '1 234567\n2 234567\n');
  await put('4 234567890');
  await put('5 234567890');
  await put('6 234567890');
  assert.deepEqual(['', '.1', '.2', '.3'].map(read), [
    '6 234567890\n',
    '5 234567890\n',
    '4 234567890\n',
    '',
  ]);
  assert.ok(!read('.2').includes('1 234567'));
});

test('an old file gives way; without keep nothing stays', async (context) => {
  const { put, read, clock } = scene(context, { ageMaxMs: 60_000, keep: 0 });
  await put('one');
  clock.nowMs += 59_000;
  await put('two');
  assert.equal(read(), 'one\ntwo\n');
  clock.nowMs += 2000;
  await put('three');
  assert.deepEqual([read(), read('.1')], ['three\n', '']);
});

test('a file that somebody has moved away is begun again', async (context) => {
  const { put, read, clock, path } = scene(context, {});
  await put('one');
  renameSync(path, `${path}.moved`);
  clock.nowMs += 1001;
  await put('two');
  assert.deepEqual([read('.moved'), read()], ['one\n', 'two\n']);
});

test('a file that cannot be written is told once; records wait, then are refused', async (context) => {
  const { ring, failures } = scene(context, { path: '/nonexistent/folder/log' });
  const line = Buffer.alloc(1000, 120);
  while (ring.write(line, 0, line.length));
  ring.wake();
  while (failures.length === 0) await new Promise((settle) => setTimeout(settle, 5));
  assert.match(
    failures[0],
    /^cannot write log file '\/nonexistent\/folder\/log': No such file or directory$/,
  );
  assert.ok(ring.refused > 0);
});
