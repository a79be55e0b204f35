// The typed forms of `show stat` and `show info` against recorded answers of the reference for the
// same configuration: which fields a kind of line has, where they stand, their tags and types.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { statusL4Connection } from '../../shared/segment/check-status.ts';
import * as state from '../../shared/segment/server-state.ts';
import { processInfo } from '../../worker/stats/process-info.ts';
import { sampleStats, textOf } from '../../worker/stats/sample-stats.ts';
import { infoText, statPieces, wholeSelection } from '../../worker/stats/table.ts';

const text = `
global
  node n1
  description some text
defaults
  mode http
  option socket-stats
frontend fe
  bind 127.0.0.1:18891 name one
  default_backend be
backend be
  cookie SRV insert
  server s1 127.0.0.1:18892 cookie a check
  server s2 127.0.0.1:18893 weight 10 backup maxconn 12 maxqueue 4 pool-max-conn 42
listen li
  mode tcp
  bind 127.0.0.1:18894
  server t1 127.0.0.1:18892
`;

function recorded(name: string): string[] {
  const lines = readFileSync(`test/parity/${name}.txt`, 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** Counters of protocols that hawser does not speak: no value, where the reference has 0. */
const unspoken = /^[A-Z] \d+ (h3_|quic_|q?pack_)/;

test('show stat typed has the fields of the reference', () => {
  const { source } = sampleStats(text);
  // The check of the recorded server had failed to connect.
  source.servers[1][0].set(state.serverCheckStatus, statusL4Connection);
  const typed = textOf(statPieces(source, { ...wholeSelection, format: 'typed' }));
  const ours = new Map<string, string>();
  for (const line of typed.split('\n').slice(0, -1)) {
    const [head, tags, type] = line.split(':');
    const [kind, , , position, name] = head.split('.');
    ours.set(`${kind} ${position}`, `${kind} ${position} ${name} ${tags} ${type}`);
  }
  const theirs = recorded('show-stat-typed');
  const known = new Set(theirs);
  const wanted = theirs.filter((line) => !unspoken.test(line));
  const got = new Set(ours.values());
  assert.deepEqual(
    wanted.filter((line) => !got.has(line)),
    [],
  );
  assert.deepEqual(
    [...got].filter((line) => !known.has(line)),
    [],
  );
});

/** Only a running worker knows these; the sample has none of them. */
const live = Object.keys(processInfo(sampleStats(text).source));

test('show info typed has the fields of the reference', () => {
  const { source } = sampleStats(text);
  const ours = infoText(source, { format: 'typed', withHelp: false, asFloat: false });
  const lines = ours.split('\n').slice(0, -1);
  const fields = lines.map((line) => {
    const [head, tags, type] = line.split(':');
    const [position, name] = head.split('.');
    return `${position} ${name} ${tags} ${type}`;
  });
  const known = new Set(recorded('show-info-typed'));
  assert.ok(live.length > 30 && fields.length > 60);
  assert.deepEqual(
    fields.filter((field) => !known.has(field)),
    [],
  );
});
