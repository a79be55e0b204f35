// Converters that look the input up in a stick table (manual 7.3.1, table_* and in_table): the
// operations on an entry, and what the table itself knows of one.

import type { StickTable } from '../../../shared/segment/stick-table.ts';
import { dataTypeByName } from '../../../shared/segment/table-data.ts';
import type { ArgumentDef, ArgumentValue, Convert, ConverterDef } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { notStored, type TableOperation, tableOperations } from '../../tables/operations.ts';
import { kindAny, kindBool, kindSint, type Sample, type SampleKind } from '../sample.ts';
import { setKey } from '../table-key.ts';

const tableArgument: ArgumentDef = { name: 'table', type: 'table' };
const indexArgument: ArgumentDef = { name: 'index', type: 'sint' };

/** The table with the sample as its key; null: there is no table, or the value is no key. */
function keyed(stream: Stream, tableIndex: number, sample: Sample): StickTable | null {
  const table = stream.thread.tables?.list[tableIndex] ?? null;
  return table !== null && setKey(table, sample) ? table : null;
}

function operationConverter({ name, isIndexed, run, writes, help }: TableOperation): ConverterDef {
  const word = `table_${name.replace(/^get_/, '')}`;
  return {
    name: word,
    args: isIndexed ? [indexArgument, tableArgument] : [tableArgument],
    takes: kindAny,
    returns: kindSint,
    help: `${help}, of the input's entry`,
    example: isIndexed ? `${word}(0,sticky)` : `${word}(sticky)`,
    build: (args) => {
      const index = isIndexed ? Number(args[0]) : 0;
      const tableIndex = args[isIndexed ? 1 : 0] as number;
      return (sample, stream) => {
        const table = keyed(stream, tableIndex, sample);
        if (table === null) return false;
        const { nowMs } = stream.thread.time;
        table.enter();
        const entry = writes ? table.take(nowMs) : table.find(nowMs);
        const value = run(table, entry < 0 ? -1 : table.at(entry), index, nowMs);
        table.leave();
        return value !== notStored && sample.setInt(value);
      };
    },
  };
}

/** What `read` says of an entry; `absent` is the answer without one, notStored: no value. */
function entryConverter(
  parts: Pick<ConverterDef, 'name' | 'help'> & { readonly returns?: SampleKind },
  read: (table: StickTable, entry: number, nowMs: number) => number,
  { args = [tableArgument], absent = () => 0 }: EntryOptions = {},
): ConverterDef {
  const { name, help, returns = kindSint } = parts;
  return {
    name,
    args,
    takes: kindAny,
    returns,
    help,
    example: `${name}(sticky)`,
    build: (values): Convert => {
      const without = absent(values);
      return (sample, stream) => {
        const table = keyed(stream, values[0] as number, sample);
        if (table === null) return false;
        const { nowMs } = stream.thread.time;
        table.enter();
        const entry = table.find(nowMs);
        const value = entry < 0 ? without : read(table, entry, nowMs);
        table.leave();
        if (value === notStored) return false;
        return returns === kindBool ? sample.setBool(value !== 0) : sample.setInt(value);
      };
    },
  };
}

interface EntryOptions {
  readonly args?: readonly ArgumentDef[];
  readonly absent?: (args: readonly ArgumentValue[]) => number;
}

/** Without an entry there is a value only when one was given. */
const withDefault: EntryOptions = {
  args: [tableArgument, { name: 'default', type: 'sint', optional: true }],
  absent: (args) => (args[1] === undefined ? notStored : Number(args[1])),
};

const serverId = dataTypeByName.get('server_id')!;

function readServerId(table: StickTable, entry: number): number {
  const column = table.column(serverId);
  return column === undefined ? notStored : table.words[table.at(entry) + column.offset];
}

export const stickLookups: readonly ConverterDef[] = [
  ...tableOperations.map(operationConverter),
  entryConverter(
    { name: 'in_table', help: 'the input is a key of the table', returns: kindBool },
    () => 1,
  ),
  entryConverter(
    { name: 'table_expire', help: 'milliseconds until the entry expires' },
    (table, entry, nowMs) => table.expiresIn(entry, nowMs),
    withDefault,
  ),
  entryConverter(
    { name: 'table_idle', help: 'milliseconds since the entry was used' },
    (table, entry, nowMs) => {
      const { expireMs } = table.policy;
      return expireMs === 0 ? 0 : expireMs - table.expiresIn(entry, nowMs);
    },
    withDefault,
  ),
  entryConverter({ name: 'table_server_id', help: 'number of the server kept' }, readServerId),
  entryConverter({ name: 'table_trackers', help: 'streams that track the entry' }, (table, entry) =>
    table.trackers(entry),
  ),
];
