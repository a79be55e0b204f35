// `-dt [SOURCE[:LEVEL[:VERBOSITY]],...]` (management.txt 3): traces on standard error from the
// start on. Becomes commands of `traces` sections.

import { type TraceEvent, traceLevels, traceSources } from '../shared/trace/sources.ts';

/** Words of `trace` commands, or what is wrong. */
export function traceFlag(text: string): readonly (readonly string[])[] | string {
  const entries = text === '' ? ['all:error'] : text.split(',');
  const all: (readonly string[])[] = [];
  for (const entry of entries) {
    const words = commandsOf(entry);
    if (typeof words === 'string') return words;
    all.push(...words);
  }
  return all;
}

const named = (list: readonly TraceEvent[]): string => {
  const names = list.map(({ name }) => `'${name}'`);
  return `${names.slice(0, -1).join(', ')}, and ${names.at(-1)}`;
};

function commandsOf(entry: string): readonly (readonly string[])[] | string {
  const [name, level = '', verbosity = ''] = entry.split(':');
  const isAll = name === '' || name === 'all';
  const sources = isAll ? traceSources : traceSources.filter((one) => one.name === name);
  if (sources.length === 0) return `-dt: unknown trace source '${name}'.`;
  if (level !== '' && !traceLevels.some((one) => one.name === level)) {
    return `-dt: no such trace level '${level}', available levels are ${named(traceLevels)}.`;
  }
  const quiet = { name: 'quiet', help: '' };
  const known = isAll ? [quiet] : [quiet, ...sources[0].verbosities];
  if (verbosity !== '' && !known.some((one) => one.name === verbosity)) {
    if (isAll) return `-dt: trace source must be specified to configure verbosity.`;
    const list = `available verbosities for this source are: ${named(known)}.`;
    return `-dt: no such trace verbosity '${verbosity}' for source '${name}', ${list}`;
  }
  return sources.map((source) => [
    ...[source.name, 'sink', 'stderr', 'level', level || 'error'],
    ...(verbosity === '' ? [] : ['verbosity', verbosity]),
    ...['start', 'now'],
  ]);
}

/** `-dt help`. */
export const traceFlagHelp = `-dt activates traces on stderr output via the command-line.
Without argument, all registered trace sources are activated with error level as filter.
A list of sources may follow, with commas between them; each may have a level and a verbosity,
with colons between them. A name that is empty, or 'all', stands for all sources; their verbosity
can only be 'quiet'.

Examples:
-dt                  all sources on error level
-dt all:user         all sources on user level
-dt h1:proto:simple  requests and answers of HTTP/1 with their first lines

Sources: ${traceSources.map(({ name }) => name).join(', ')}.
`;
