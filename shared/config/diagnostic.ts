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
  /** An alert that does not stop the start. */
  readonly isTolerated?: true;
}

/** True for what stops the start. */
export const isFatal = ({ severity, isTolerated }: Diagnostic): boolean =>
  severity === 'alert' && isTolerated !== true;

/** Collects diagnostics of one load. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];
  /** Alerts that stop the start. */
  alerts = 0;
  warnings = 0;

  add(severity: Severity, place: Place, message: string, hint = '', text = ''): void {
    const { file, line, column } = place;
    this.list.push({ severity, file, line, column, message, hint, text });
    if (severity === 'alert') this.alerts++;
    if (severity === 'warning') this.warnings++;
  }

  /** An alert that does not stop the start (HAProxy: "already specified. Continuing."). */
  complain(place: Place, message: string, hint = '', text = ''): void {
    const { file, line, column } = place;
    const isTolerated = true;
    this.list.push({ severity: 'alert', file, line, column, message, hint, text, isTolerated });
  }

  alert(place: Place, message: string, hint = '', text = ''): void {
    this.add('alert', place, message, hint, text);
  }

  warning(place: Place, message: string, hint = '', text = ''): void {
    this.add('warning', place, message, hint, text);
  }
}

const tags: Readonly<Record<Severity, string>> = {
  alert: '[ALERT]    ',
  warning: '[WARNING]  ',
  notice: '[NOTICE]   ',
  diag: '[DIAG]     ',
};

/**
 * The lines that HAProxy prints for a diagnostic, without a last line feed; the source line with a
 * caret follows when the place has a column.
 */
export function formatDiagnostic(diagnostic: Diagnostic, pid: number): string {
  const { severity, file, line, column, message, hint, text } = diagnostic;
  const where = line > 0 ? `parsing [${file}:${line}] : ` : '';
  const head = `${tags[severity]}(${pid}) : config : ${where}${sentence(message, hint)}`;
  const shown = text.trimStart();
  if (column <= 0 || shown === '') return decode(head);
  const before = text.slice(text.length - shown.length, column - 1).length;
  const caret = `${' '.repeat(Math.max(0, before))}^`;
  return decode(`${head}\n  ${printable(shown)}\n  ${caret}`);
}

/** What is wrong and what to do, with one sign between them. */
function sentence(message: string, hint: string): string {
  if (hint === '') return message;
  return message.endsWith(':') ? `${message} ${hint}` : `${message.replace(/\.$/, '')}; ${hint}`;
}

/** Words are bytes inside: outside they are UTF-8 again. */
const decode = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

const printable = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, ' ').trimEnd();
