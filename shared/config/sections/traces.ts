// `traces` sections (manual 12.1): what is traced from the start on. Lines are commands of the
// runtime API; resolve-traces.ts tries them once all rings are known.

import type { LineModel } from '../model.ts';
import type { NamedKeyword, NamedSection } from '../keyword.ts';

const rows: readonly NamedKeyword<LineModel[]>[] = [
  {
    name: 'trace',
    help: 'what is traced, and where it goes',
    example: 'trace h1 sink buf0 level user start now',
    parse: (line, lines) => void lines.push(line.model(0, '')),
  },
];

/** `traces`. */
export const tracesSection: NamedSection<LineModel[]> = {
  name: 'traces',
  rows,
  open: (line, draft) => (line.atMost(0) ? draft.traces : null),
};
