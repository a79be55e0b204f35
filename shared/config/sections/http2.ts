// tune.h2.* of `global`: what HTTP/2 announces and allows, towards clients (fe), servers (be) or
// both. Rows only; worker/mux/h2-tools.ts reads what they write.

import type { GlobalKeyword } from '../keyword.ts';
import type { Line, Range } from '../line.ts';
import type { H2SideModel, H2TuneModel } from '../model-process.ts';

type Numbers<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T];

interface Row extends Range {
  /** What follows `tune.h2.`, or on a side `tune.h2.fe.` and `tune.h2.be.`. */
  readonly name: string;
  readonly kind: 'integer' | 'size';
  readonly example: string;
  readonly help: string;
}

interface SharedRow extends Row {
  readonly field: Numbers<H2TuneModel>;
}

interface SideRow extends Row {
  readonly field: Numbers<H2SideModel>;
}

const sides = [
  { word: 'fe', side: 'front', who: 'clients' },
  { word: 'be', side: 'back', who: 'servers' },
] as const;

const windowMax = 2 ** 31 - 1;

const windowRow = {
  name: 'initial-window-size',
  kind: 'integer',
  max: windowMax,
  example: '65536',
  help: 'bytes a stream may receive before they are acknowledged',
} as const;

const streamsRow = {
  name: 'max-concurrent-streams',
  kind: 'integer',
  min: 0,
  example: '100',
  help: 'streams of a connection at once',
} as const;

const sharedRows: readonly SharedRow[] = [
  { ...windowRow, field: 'initialWindowSize' },
  { ...streamsRow, field: 'maxConcurrentStreams' },
  {
    name: 'header-table-size',
    field: 'headerTableSize',
    kind: 'integer',
    max: 65_536,
    example: '4096',
    help: 'bytes of the table of received headers',
  },
  {
    name: 'max-frame-size',
    field: 'maxFrameSize',
    kind: 'integer',
    min: 16_384,
    max: 16_777_215,
    example: '16384',
    help: 'bytes of the largest frame that is received',
  },
];

const sideRows: readonly SideRow[] = [
  { ...windowRow, field: 'initialWindowSize' },
  { ...streamsRow, field: 'maxConcurrentStreams' },
  {
    name: 'glitches-threshold',
    field: 'glitchesThreshold',
    kind: 'integer',
    min: 0,
    example: '1000',
    help: 'oddities after which a connection ends',
  },
  {
    name: 'max-frames-at-once',
    field: 'maxFramesAtOnce',
    kind: 'integer',
    min: 0,
    example: '100',
    help: 'frames of a connection taken in one go',
  },
  {
    name: 'rxbuf',
    field: 'rxbufBytes',
    kind: 'size',
    example: '1600k',
    help: 'bytes of payload that a connection may have waiting',
  },
];

const frontRows: readonly SideRow[] = [
  {
    name: 'max-rst-at-once',
    field: 'maxRstAtOnce',
    kind: 'integer',
    min: 0,
    example: '1',
    help: 'streams that a client may reset in one go',
  },
  {
    name: 'max-total-streams',
    field: 'maxTotalStreams',
    kind: 'integer',
    min: 0,
    example: '1000',
    help: 'streams after which a client is asked to connect anew',
  },
];

function read(line: Line, row: Row, set: (value: number) => void): void {
  if (!line.atMost(1)) return;
  const value = row.kind === 'size' ? line.size(0, row) : line.integer(0, row);
  if (value !== null) set(value);
}

const ofSide = (row: SideRow, { word, side, who }: (typeof sides)[number]): GlobalKeyword => ({
  name: `tune.h2.${word}.${row.name}`,
  help: `${row.help}, towards ${who}`,
  example: `tune.h2.${word}.${row.name} ${row.example}`,
  parse: (line, { tune }) => {
    read(line, row, (value) => {
      tune.h2[side] = { ...tune.h2[side], [row.field]: value };
    });
  },
});

export const http2Keywords: readonly GlobalKeyword[] = [
  ...sharedRows.map(
    (row): GlobalKeyword => ({
      name: `tune.h2.${row.name}`,
      help: row.help,
      example: `tune.h2.${row.name} ${row.example}`,
      parse: (line, { tune }) => {
        read(line, row, (value) => {
          tune.h2 = { ...tune.h2, [row.field]: value };
        });
      },
    }),
  ),
  ...sides.flatMap((side) => sideRows.map((row) => ofSide(row, side))),
  ...frontRows.map((row) => ofSide(row, sides[0])),
  {
    name: 'tune.h2.log-errors',
    help: 'errors of clients that are logged: those that end a connection, or of streams as well',
    example: 'tune.h2.log-errors connection',
    parse: (line, { tune }) => {
      const value = line.choice(0, ['none', 'connection', 'stream']);
      if (value !== null) tune.h2 = { ...tune.h2, logErrors: value };
    },
  },
  {
    name: 'tune.h2.zero-copy-fwd-send',
    help: 'accepted without effect: payload is copied once, into its frame',
    example: 'tune.h2.zero-copy-fwd-send on',
    parse: (line) => {
      line.choice(0, ['on', 'off']);
    },
  },
];
