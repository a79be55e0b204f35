// What the loader and the compiler say about a configuration: collected, never thrown, printed once
// by the master (or by `hawser check --json`). One shape for every severity.

export type Severity = 'alert' | 'warning' | 'notice' | 'diag';

/** Where a word stands. Lines and columns count from 1; column 0 means the whole line. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Diagnostic extends Place {
  readonly severity: Severity;
  /** One sentence: what is wrong, and with which word. */
  readonly message: string;
  /** What to do about it, or the nearest known word. Empty when there is nothing to add. */
  readonly hint: string;
  /** The source line as read, for the caret. Empty when there is none. */
  readonly text: string;
}

/** Collects diagnostics of one load. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];
  alerts = 0;
  warnings = 0;

  add(severity: Severity, place: Place, message: string, hint = '', text = ''): void {
    const { file, line, column } = place;
    this.list.push({ severity, file, line, column, message, hint, text });
    if (severity === 'alert') this.alerts++;
    if (severity === 'warning') this.warnings++;
  }

  alert(place: Place, message: string, hint = '', text = ''): void {
    this.add('alert', place, message, hint, text);
  }

  warning(place: Place, message: string, hint = '', text = ''): void {
    this.add('warning', place, message, hint, text);
  }
}
