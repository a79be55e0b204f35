// What is counted of each name server of the resolvers sections (management.txt 9.3, show
// resolvers): memory of the process, written by its control thread, read by all for statistics.
//
//   per name server, in the order of the model: one 64-bit float for each row below

/** Name in `show resolvers`, name and help in statistics. */
const rows = [
  ['sent', 'sent', 'Sent'],
  ['snd_error', 'send_error', 'Send error'],
  ['valid', 'valid', 'Valid'],
  ['update', 'update', 'Update'],
  ['cname', 'cname', 'CNAME'],
  ['cname_error', 'cname_error', 'CNAME error'],
  ['any_err', 'any_err', 'Any errors'],
  ['nx', 'nx', 'NX'],
  ['timeout', 'timeout', 'Timeout'],
  ['refused', 'refused', 'Refused'],
  ['other', 'other', 'Other'],
  ['invalid', 'invalid', 'Invalid'],
  ['too_big', 'too_big', 'Too big'],
  ['truncated', 'truncated', 'Truncated'],
  ['outdated', 'outdated', 'Outdated'],
] as const;

export type NameCounter = (typeof rows)[number][0];

export interface NameCounterDef {
  readonly name: NameCounter;
  /** In statistics. */
  readonly title: string;
  readonly help: string;
  /** Place in the numbers of a name server. */
  readonly index: number;
}

export const nameCounters: readonly NameCounterDef[] = rows.map(([name, title, help], index) => {
  return { name, title, help, index };
});

const places: ReadonlyMap<string, number> = new Map(
  nameCounters.map(({ name, index }) => [name, index]),
);

/** The numbers of one name server. */
export class NameCounts {
  readonly values: Float64Array;

  constructor(values: Float64Array) {
    this.values = values;
  }

  /** Control thread. */
  add(name: NameCounter): void {
    // Every name has a place.
    this.values[places.get(name)!] += 1;
  }

  of(name: NameCounter): number {
    return this.values[places.get(name)!];
  }
}

/** Start only: room for so many name servers. */
export function allocateNameCounters(nameservers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.max(1, nameservers) * rows.length * 8);
}

/** Those of name server `number`, counted over all sections. */
export function nameCountsOf(memory: SharedArrayBuffer, number: number): NameCounts {
  return new NameCounts(new Float64Array(memory, number * rows.length * 8, rows.length));
}
