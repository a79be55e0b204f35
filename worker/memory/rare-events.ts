// Events that are rare enough to be counted by the place in the code that sees them
// (management.txt, debug counters): oddities of peers (GLT), wants of the process (CNT),
// assumptions that did not hold (CHK), and faults of ours (BUG), whose places are found as they
// happen. One object per thread; the control thread asks for the numbers
// (worker/thread-inspection.ts).

/** The control thread sends a kind as its number. */
export const rareKinds = ['BUG', 'CHK', 'CNT', 'GLT'] as const;
export type RareKind = (typeof rareKinds)[number];

type Row = readonly [key: string, kind: RareKind, file: string, code: string, about: string];

// biome-ignore format: a table reads by columns
const rows = [
  ['h1Request', 'GLT', 'mux/h1-front', 'requestReady', 'a head that breaks the rules, and is borne'],
  ['h1RequestLost', 'GLT', 'mux/h1-front', 'refuseUnreadable', 'a request head that cannot be read'],
  ['h1Response', 'GLT', 'mux/h1-back', 'finalHead', 'a head that breaks the rules, and is borne'],
  ['h1ResponseLost', 'GLT', 'mux/h1-back', 'parse', 'a response head that cannot be read'],
  ['h2TrailersLate', 'GLT', 'mux/h2-trailers', 'takeTrailers', 'a second head behind the end'],
  ['h2TrailersOdd', 'GLT', 'mux/h2-trailers', 'takeTrailers', 'trailers unreadable, or too early'],
  ['h2WindowShrunk', 'GLT', 'mux/h2-control', 'changeWindows', 'SETTINGS that shrink windows'],
  ['h2WindowOdd', 'GLT', 'mux/h2-control', 'windowUpdate', 'a window grown by nothing or too much'],
  ['h2BackHeadLate', 'GLT', 'mux/h2-back', 'onHead', 'a response to a stream that has ended'],
  ['h2BackHeadOdd', 'GLT', 'mux/h2-back', 'onHead', 'a response head that cannot be read'],
  ['h2HeadLate', 'GLT', 'mux/h2-front', 'onHead', 'a head for a stream that has ended'],
  ['h2StreamsMany', 'GLT', 'mux/h2-front', 'onHead', 'more streams at once than allowed'],
  ['h2HeadOdd', 'GLT', 'mux/h2-front', 'spoil', 'a request head that cannot be read'],
  ['h2ResetEarly', 'GLT', 'mux/h2-front', 'onReset', 'a reset before the answer began'],
  ['h2Continued', 'GLT', 'mux/h2-link', 'onHeaderBlock', 'a head in very many frames'],
  ['h2DataLate', 'GLT', 'mux/h2-payload', 'takePayload', 'payload behind the end, or before a head'],
  ['h2DataLength', 'GLT', 'mux/h2-payload', 'takePayload', 'payload that is not as long as was said'],
  ['h2DataWindow', 'GLT', 'mux/h2-payload', 'takePayload', 'payload beyond the window'],
  ['fcgiStray', 'GLT', 'mux/fcgi-back', 'stray', 'a record that belongs to nothing'],
  ['fcgiFatal', 'GLT', 'mux/fcgi-back', 'onFatal', 'records that break the protocol'],
  ['fcgiHeadOdd', 'GLT', 'mux/fcgi-stream', 'parse', 'a response head that cannot be read'],
  ['fcgiSurplus', 'GLT', 'mux/fcgi-stream', 'streamEnded', 'more output than was announced'],
  ['acceptStarved', 'CNT', 'conn/listener', 'onEvents', 'no descriptor or memory for a connection'],
  ['acceptLimited', 'CNT', 'conn/listener', 'onEvents', 'a limit made a listener pause'],
  ['handOverFull', 'CNT', 'conn/listener', 'place', 'the ring to another thread was full'],
  ['checkAsked', 'CHK', 'thread-inspection', 'check', 'debug dev check'],
] as const satisfies readonly Row[];

type RareName = (typeof rows)[number][0];

/** Numbers of the rows, for `note`. */
export const rare = Object.freeze(
  Object.fromEntries(rows.map(([key], index) => [key, index])),
) as Readonly<Record<RareName, number>>;

/** One row with its count, or a fault and how often it happened. */
export interface RareCount {
  readonly kind: RareKind;
  /** File and function, or file and line of a fault. */
  readonly place: string;
  readonly about: string;
  count: number;
}

/** Faults differ by their place; more places than this are one. */
const faultsMax = 64;

export class RareEvents {
  /** CNT rows are counted (debug.counters). */
  isOn: boolean;
  private readonly counts: Float64Array;
  private readonly faults: Map<string, RareCount>;

  constructor(isOn: boolean) {
    this.isOn = isOn;
    this.counts = new Float64Array(rows.length);
    this.faults = new Map();
  }

  /** An oddity or a check: always counted. */
  note(row: number): void {
    this.counts[row]++;
  }

  /** A want of the process. */
  count(row: number): void {
    if (this.isOn) this.counts[row]++;
  }

  /** An error that nobody expected. */
  fault(error: unknown): void {
    const place = placeOfError(error);
    const about = error instanceof Error ? error.message : String(error);
    const key = this.faults.size < faultsMax ? `${place} ${about}` : 'others';
    const known = this.faults.get(key);
    if (known !== undefined) known.count++;
    else this.faults.set(key, { kind: 'BUG', place, about, count: 1 });
  }

  list(): readonly RareCount[] {
    const counts: RareCount[] = [];
    for (let i = 0; i < rows.length; i++) {
      const [, kind, file, code, about] = rows[i];
      counts.push({ kind, place: `${file}.ts ${code}()`, about, count: this.counts[i] });
    }
    for (const fault of this.faults.values()) counts.push(fault);
    return counts;
  }

  /** Forgets what it counted of these kinds. */
  reset(kinds: readonly RareKind[]): void {
    for (let i = 0; i < rows.length; i++) if (kinds.includes(rows[i][1])) this.counts[i] = 0;
    if (kinds.includes('BUG')) this.faults.clear();
  }
}

const innermostFrame = /\n\s+at (?:(\S+) \()?(?:\S*\/)?([^/\s:]+):(\d+):\d+/;

/** "program.js:12 name()" of the innermost function, 'unknown' without a stack. */
function placeOfError(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frame = innermostFrame.exec(stack);
  return frame === null ? 'unknown' : `${frame[2]}:${frame[3]} ${frame[1] ?? ''}()`;
}
