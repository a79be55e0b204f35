// Names that rules of one proxy thread look up (do-resolve): the control thread asks name servers,
// answers are kept here as long as `hold valid` says, and the streams that wait go on. Made by
// proxy-thread.ts; rules reach it through the thread's context.

import type { ControlToThread, ThreadToControl } from '../shared/messages.ts';
import type { Stream } from './stream/stream.ts';
import type { LookupPlan, NameLookups } from './thread-context.ts';

/** Names that are kept; the oldest one nobody waits for goes first. */
const entriesMax = 4096;

/** What is known of one name in one section with one preference. */
interface Entry {
  readonly key: string;
  addresses: readonly string[];
  /** The next address to be given out. */
  next: number;
  untilMs: number;
  /** Streams that wait, by id. */
  readonly waiting: Map<number, Stream>;
}

interface Pending {
  readonly entry: Entry;
  /** null: there is no answer yet. */
  address: string | null;
}

export interface LookupsHost {
  nowMs(): number;
  report(message: ThreadToControl): void;
  /** Runs the rules of a stream on, which wait. */
  resume(stream: Stream): void;
}

export class ThreadLookups implements NameLookups {
  private readonly host: LookupsHost;
  private readonly entries: Map<string, Entry>;
  /** By stream id. */
  private readonly pending: Map<number, Pending>;

  constructor(host: LookupsHost) {
    this.host = host;
    this.entries = new Map();
    this.pending = new Map();
  }

  answerOf(stream: Stream): string | null | undefined {
    return this.pending.get(stream.id)?.address;
  }

  ask(stream: Stream, plan: LookupPlan, name: string): string | null {
    const entry = this.entryOf(keyOf({ ...plan, name }));
    if (entry.untilMs > this.host.nowMs()) return take(entry);
    if (entry.waiting.size === 0) {
      const { section, prefer } = plan;
      this.host.report({ type: 'resolve', section, prefer, name });
    }
    entry.waiting.set(stream.id, stream);
    this.pending.set(stream.id, { entry, address: null });
    return null;
  }

  forget(stream: Stream): void {
    const pending = this.pending.get(stream.id);
    if (pending === undefined) return;
    this.pending.delete(stream.id);
    pending.entry.waiting.delete(stream.id);
  }

  private entryOf(key: string): Entry {
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    if (this.entries.size >= entriesMax) this.makeRoom();
    const entry: Entry = { key, addresses: [], next: 0, untilMs: 0, waiting: new Map() };
    this.entries.set(key, entry);
    return entry;
  }

  private makeRoom(): void {
    for (const [key, { waiting }] of this.entries) {
      if (waiting.size > 0) continue;
      this.entries.delete(key);
      return;
    }
  }

  /** The control thread knows, for one of the threads: all of them do then. */
  resolved(message: Extract<ControlToThread, { type: 'resolved' }>): void {
    const entry = this.entries.get(keyOf(message));
    if (entry === undefined) return;
    entry.addresses = message.addresses;
    entry.untilMs = message.addresses.length === 0 ? 0 : message.untilMs;
    const streams = [...entry.waiting];
    entry.waiting.clear();
    for (const [id, stream] of streams) {
      const pending = this.pending.get(id);
      if (pending === undefined) continue;
      // Its rules may have ended in another way meanwhile.
      if (stream.id !== id || stream.state === 0) this.pending.delete(id);
      else {
        pending.address = take(entry);
        this.host.resume(stream);
      }
    }
  }
}

function keyOf({ section, prefer, name }: Omit<LookupPlan, 'limitMs'> & { name: string }): string {
  return `${section} ${prefer} ${name}`;
}

/** One address after the other; '' when there is none. */
function take(entry: Entry): string {
  const { addresses } = entry;
  if (addresses.length === 0) return '';
  entry.next = (entry.next + 1) % addresses.length;
  return addresses[entry.next];
}
