// `ring` sections (manual 12.5): memory that log lines and events are kept in, and the servers that
// get a copy of them. Rows write RingModel.

import { type Draft, newRingDraft, type RingDraft } from '../draft.ts';
import type { NamedKeyword, NamedSection } from '../keyword.ts';
import type { Line } from '../line.ts';
import { logHeaderFormats } from './log-target.ts';
import { readServer } from './server.ts';

/** Least size that a ring is worth: its own header needs some of it. */
const sizeMin = 1024;
const sizeMax = 2 ** 31 - 1;

function readTimeout(line: Line, ring: RingDraft): void {
  const name = line.choice(0, ['connect', 'server']);
  const value = name === null || !line.atMost(2) ? null : line.time(1);
  if (value === null) return;
  if (name === 'connect') ring.model.connectMs = value;
  else ring.model.serverMs = value;
}

function readText(line: Line, what: string): string | null {
  return line.atMost(1) ? line.needed(0, what) : null;
}

const ringKeywords: readonly NamedKeyword<RingDraft>[] = [
  {
    name: 'backing-file',
    help: 'file that holds the ring',
    example: 'backing-file /run/hawser/web.ring',
    parse: (line, ring) => {
      const path = readText(line, 'a path');
      if (path === null) return;
      const { backingFile, name } = ring.model;
      if (backingFile === '') ring.model.backingFile = path;
      else {
        const message = `'backing-file' already specified for ring '${name}' (was '${backingFile}').`;
        line.alert(0, message);
      }
    },
  },
  {
    name: 'description',
    help: 'what `show events` calls it',
    example: 'description "lines of the last hour"',
    parse: (line, ring) => {
      const text = readText(line, 'a text');
      if (text !== null) ring.model.description = text;
    },
  },
  {
    name: 'format',
    help: 'header of the records',
    example: 'format rfc5424',
    parse: (line, ring) => {
      const format = line.atMost(1) ? line.choice(0, logHeaderFormats) : null;
      if (format !== null) ring.model.format = format;
    },
  },
  {
    name: 'maxlen',
    help: 'longest record, bytes',
    example: 'maxlen 1200',
    parse: (line, ring) => {
      const length = line.atMost(1) ? line.integer(0, { min: 1 }) : null;
      if (length !== null) ring.model.lengthMax = length;
    },
  },
  {
    name: 'server',
    help: 'a log server that gets every record',
    example: 'server s 127.0.0.1:6514 log-proto octet-count',
    parse: (line, ring, draft) => readServer(line, ring.proxy, draft),
  },
  {
    name: 'size',
    help: 'bytes that are kept',
    example: 'size 1m',
    parse: (line, ring) => {
      const size = line.atMost(1) ? line.size(0, { min: 1, max: sizeMax }) : null;
      if (size === null) return;
      if (ring.model.backingFile === '') ring.model.sizeBytes = Math.max(size, sizeMin);
      else line.alert(0, "'size' must come before 'backing-file'.");
    },
  },
  {
    name: 'timeout',
    help: 'time for connecting to servers, and for sending to them',
    example: 'timeout connect 5s',
    parse: readTimeout,
  },
];

/** `ring NAME`. */
export const ringSection: NamedSection<RingDraft> = {
  name: 'ring',
  rows: ringKeywords,
  open: (line: Line, draft: Draft) => {
    const name = line.needed(0, 'a name');
    if (name === null || !line.atMost(1)) return null;
    const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
    if (bad !== null) {
      return line.alert(0, `invalid ring name '${name}' (character '${bad[0]}' is not permitted).`);
    }
    if (draft.rings.some(({ model }) => model.name === name) || defaultRings.includes(name)) {
      return line.alert(0, `sink named '${name}' already exists.`);
    }
    const ring = newRingDraft(line.place(-1), name);
    draft.rings.push(ring);
    return ring;
  },
};

/** Sinks that exist without being declared. */
const defaultRings: readonly string[] = ['stdout', 'stderr', 'buf0'];
