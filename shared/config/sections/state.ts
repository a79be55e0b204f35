// Keywords of `global` about what outlives the process: the shared file of counters and tables, and
// the text file that counters start from. Rows only; parse.ts calls them.

import type { Draft } from '../draft.ts';
import { readText } from '../files.ts';
import type { GlobalKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';

/** True the first time; later an alert, and false. */
function isFirst(line: Line, draft: Draft): boolean {
  if (!draft.once.has(line.name)) {
    draft.once.add(line.name);
    return true;
  }
  line.alert(-1, `'${line.name}' already specified.`);
  return false;
}

/** The only argument of a keyword that stands once. */
function onlyPath(line: Line, draft: Draft): string | null {
  if (!line.atMost(1) || !isFirst(line, draft)) return null;
  return line.needed(0, 'one argument: a file path');
}

export const stateKeywords: readonly GlobalKeyword[] = [
  {
    name: 'shm-stats-file',
    help: 'file that keeps counters and tables over restarts',
    example: 'shm-stats-file /dev/shm/lb',
    parse: (line, global, draft) => {
      const path = onlyPath(line, draft);
      if (path !== null) global.shmStatsFile = path;
    },
  },
  {
    name: 'shm-stats-file-max-objects',
    help: 'objects per thread group in the shared statistics file',
    example: 'shm-stats-file-max-objects 2000',
    parse: (line, global, draft) => {
      if (!line.atMost(1) || !isFirst(line, draft)) return;
      const value = line.integer(0, { min: 1, max: 2 ** 31 - 1 });
      if (value !== null) global.shmStatsFileMaxObjects = value;
    },
  },
  {
    name: 'stats-file',
    help: "file of 'dump stats-file' that counters start from",
    example: 'stats-file /var/lib/haproxy/stats',
    parse: (line, global, draft) => {
      const path = onlyPath(line, draft);
      if (path === null) return;
      global.statsFile = path;
      const { text, error } = readText(path);
      if (error === '') draft.contents.set(path, text);
      else line.warning(0, `Can't load stats-file '${path}': ${error}.`);
    },
  },
];
