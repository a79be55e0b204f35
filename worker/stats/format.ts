// How one value is written in CSV, typed and JSON output (management.txt 9.1, 9.2). Called by
// table.ts for every cell; knows nothing of columns.

export type Cell = string | number | null;

const ambiguous = /[",\r\n]/;

/** CSV: quoted only when the text would be ambiguous. */
export function csvField(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  return ambiguous.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** `MCPV:u64:12`; `tags` is a row's 'MCP:u64', `kept` says whether the value survives a reload. */
export function typedCell(tags: string, kept: 'P' | 'V', value: string | number): string {
  return `${cellTags(tags, kept)}${value}`;
}

/** The same without the value. */
export function cellTags(tags: string, kept: 'P' | 'V'): string {
  return `${tags.slice(0, 3)}${kept}:${tags.slice(4)}:`;
}

export const origins: Readonly<Record<string, string>> = {
  M: 'Metric',
  S: 'Status',
  K: 'Key',
  C: 'Config',
  P: 'Product',
};

export const natures: Readonly<Record<string, string>> = {
  G: 'Gauge',
  L: 'Limit',
  m: 'Min',
  M: 'Max',
  R: 'Rate',
  C: 'Counter',
  D: 'Duration',
  A: 'Age',
  T: 'Time',
  N: 'Name',
  O: 'Output',
  a: 'Avg',
};

export const scopes: Readonly<Record<string, string>> = {
  P: 'Process',
  S: 'Service',
  s: 'System',
  C: 'Cluster',
};

/** Members of a JSON item: field, process number, tags and value. */
export function jsonCell(
  position: number,
  name: string,
  tags: string,
  value: string | number,
): string {
  return `${jsonDescription(position, name, tags)}${jsonText(value)}}`;
}

export const jsonText = (value: string | number): string => JSON.stringify(value);

/** All of it up to the value, behind which one more brace stands. */
export function jsonDescription(position: number, name: string, tags: string): string {
  const described =
    `"origin":"${origins[tags[0]]}","nature":"${natures[tags[1]]}",` +
    `"scope":"${scopes[tags[2]]}"`;
  return (
    `"field":{"pos":${position},"name":"${name}"},"processNum":1,` +
    `"tags":{${described}},"value":{"type":"${tags.slice(4)}","value":`
  );
}
