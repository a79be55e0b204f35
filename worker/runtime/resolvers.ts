// The command about resolvers sections: what their name servers have been asked and have answered
// (management.txt 9.3, show resolvers).

import { nameCounters } from '../../shared/segment/name-counters.ts';
import type { Nameserver } from '../resolvers/nameserver.ts';
import type { Section } from '../resolvers/section.ts';
import { csvField, jsonCell, typedCell } from '../stats/format.ts';
import { type Answer, failure, type RuntimeCall, type RuntimeCommandDef } from './command.ts';
import type { RuntimeContext } from './context.ts';

function showResolvers({ context, words }: RuntimeCall): Answer {
  const { sections } = context.resolvers;
  const [wanted] = words;
  const shown = sections.filter(({ model }) => wanted === undefined || model.name === wanted);
  if (wanted !== undefined && shown.length === 0) {
    return failure("Can't find that resolvers section");
  }
  return shown.length === 0 ? 'No resolvers found\n' : shown.map(sectionText).join('');
}

function sectionText({ model, nameservers }: Section): string {
  return `Resolvers section ${model.name}\n${nameservers.map(nameserverText).join('')}`;
}

const valueColumn = 13;

function nameserverText({ model, counters }: Nameserver): string {
  const lines = nameCounters.map(
    ({ name, index }) => `  ${`${name}:`.padEnd(valueColumn)}${counters.values[index]}\n`,
  );
  return ` nameserver ${model.name}:\n${lines.join('')}`;
}

/** Columns of `show stat domain resolvers`, with their tags and help. */
interface Column {
  readonly name: string;
  readonly help: string;
  readonly tags: string;
  readonly value: (section: Section, nameserver: Nameserver) => string | number;
}

const columns: readonly Column[] = [
  { name: 'id', help: 'ID', tags: 'CGP:str', value: (_section, { model }) => model.name },
  { name: 'pid', help: 'Parent ID', tags: 'CGP:str', value: ({ model }) => model.name },
  ...nameCounters.map(({ title: name, help, index }) => ({
    name,
    help,
    tags: 'MGP:u64',
    value: (_section: Section, { counters }: Nameserver) => counters.values[index],
  })),
];

/** `show stat domain resolvers`: a line for each name server. */
export function resolverStats({ resolvers }: RuntimeContext, words: readonly string[]): string {
  const lines = resolvers.sections.flatMap((section) =>
    section.nameservers.map((one) => columns.map(({ value }) => value(section, one))),
  );
  if (words.includes('json')) return `[${lines.map(jsonLine).join(',')}]\n`;
  if (words.includes('typed')) {
    return lines.map((values) => typedLines(values, words.includes('desc'))).join('');
  }
  const rows = [columns.map(({ name }) => name), ...lines.map((values) => values.map(csvField))];
  return `# ${rows.map((cells) => `${cells.join(',')},\n`).join('')}`;
}

function typedLines(values: readonly (string | number)[], withHelp: boolean): string {
  const lines = values.map((value, position) => {
    const { name, tags, help } = columns[position];
    const described = withHelp ? `:"${help}"` : '';
    return `N.${position}.${name}:${typedCell(tags, 'V', value)}${described}\n`;
  });
  return lines.join('');
}

function jsonLine(values: readonly (string | number)[]): string {
  const cells = values.map((value, position) => {
    const { name, tags } = columns[position];
    return `{${jsonCell(position, name, tags, value).replace('"processNum":1,', '')}}`;
  });
  return `[${cells.join(',')}]`;
}

export const resolverCommands = [
  {
    words: ['show', 'resolvers'],
    requires: 'user',
    usage: '[id]',
    help: 'show what name servers have been asked and have answered',
    run: showResolvers,
  },
] as const satisfies readonly RuntimeCommandDef[];
