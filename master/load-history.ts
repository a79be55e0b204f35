// What became of the last starts and reloads, for those who look at a worker's live dashboard: each
// worker is told when it starts, and the one that goes on when a reload has failed. Kept by the
// supervisor.

import type { LoadNote } from '../shared/dashboard-messages.ts';

/** Notes that are kept. */
const notesMax = 50;

export class LoadHistory {
  private readonly notes: LoadNote[] = [];

  /** The notes so far, and that of a start that is being prepared. */
  with(what: LoadNote['what'], detail = ''): readonly LoadNote[] {
    return [...this.notes, noteOf(what, detail)].slice(-notesMax);
  }

  add(what: LoadNote['what'], detail = ''): LoadNote {
    const note = noteOf(what, detail);
    this.push(note);
    return note;
  }

  /** The start that was prepared serves: its note, the last of `notes`, stays. */
  keep(notes: readonly LoadNote[]): void {
    const note = notes.at(-1);
    if (note !== undefined) this.push(note);
  }

  private push(note: LoadNote): void {
    this.notes.push(note);
    if (this.notes.length > notesMax) this.notes.shift();
  }
}

function noteOf(what: LoadNote['what'], detail: string): LoadNote {
  return { at: Date.now(), what, detail };
}
