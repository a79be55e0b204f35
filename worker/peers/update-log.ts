// Numbers for the changes of one table: every change of an entry gets the next number, and an entry
// that changes again loses its old one. Peers are sent entries in the order of these numbers and
// acknowledge them, so that an interrupted exchange goes on where it stopped. Numbers are counted
// without end here and travel as their low 32 bits.

const staleMin = 1024;

export class UpdateLog {
  /** The last number given. */
  last: number;
  private ids: number[];
  private entries: number[];
  /** Last number by entry, 0: it has none. */
  private latest: Float64Array;
  private live: number;

  constructor() {
    this.last = 0;
    this.ids = [];
    this.entries = [];
    this.latest = new Float64Array(1024);
    this.live = 0;
  }

  note(entry: number): void {
    if (entry >= this.latest.length) this.grow(entry);
    if (this.latest[entry] === 0) this.live++;
    const id = ++this.last;
    this.latest[entry] = id;
    this.ids.push(id);
    this.entries.push(entry);
    if (this.ids.length > 2 * this.live + staleMin) this.compact();
  }

  /** Index of the first change with a number above `id`, for `idAt`; -1: there is none. */
  after(id: number): number {
    const { ids } = this;
    let low = 0;
    let high = ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ids[middle] > id) high = middle;
      else low = middle + 1;
    }
    return low < ids.length ? low : -1;
  }

  get length(): number {
    return this.ids.length;
  }

  idAt(index: number): number {
    return this.ids[index];
  }

  /** The entry of that change, -1: it has changed again since. */
  entryAt(index: number): number {
    const entry = this.entries[index];
    return this.latest[entry] === this.ids[index] ? entry : -1;
  }

  /** Entries whose last change has a number above `id`. */
  entriesAfter(id: number): number[] {
    const found: number[] = [];
    const from = this.after(id);
    for (let i = from; i >= 0 && i < this.ids.length; i++) {
      const entry = this.entryAt(i);
      if (entry >= 0) found.push(entry);
    }
    return found;
  }

  /** The whole number behind 32 bits that a peer acknowledges: one that was given before now. */
  fromWire(id: number): number {
    const behind = ((this.last >>> 0) - id) >>> 0;
    return this.last - behind;
  }

  private grow(entry: number): void {
    const larger = new Float64Array(Math.max(entry + 1, this.latest.length * 2));
    larger.set(this.latest);
    this.latest = larger;
  }

  private compact(): void {
    const { ids, entries, latest } = this;
    let kept = 0;
    for (let i = 0; i < ids.length; i++) {
      if (latest[entries[i]] !== ids[i]) continue;
      ids[kept] = ids[i];
      entries[kept] = entries[i];
      kept++;
    }
    ids.length = kept;
    entries.length = kept;
  }
}
