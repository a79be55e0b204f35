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

/**
 * What is printed of a diagnostic, without a last line feed: the sentence with its place, what to
 * do, the source line below it, a caret when the place has a column.
 */
export function diagnosticText(diagnostic: Diagnostic): string {
  const { file, line, column, message, hint, text } = diagnostic;
  const where = line > 0 ? `parsing [${file}:${line}] : ` : '';
  const told = decode(`config : ${where}${sentence(message, hint)}`);
  const head = told.split('\n').map(printable).join('\n');
  const shown = text.trimStart();
  if (shown === '') return head;
  const source = `${head}\n  ${printable(decode(shown)).trimEnd()}`;
  if (column <= 0) return source;
  // Tabs stay tabs, so that the caret stands below its word in any terminal.
  const before = decode(text.slice(text.length - shown.length, Math.max(0, column - 1)));
  return `${source}\n  ${before.replace(/[^\t]/gu, ' ')}^`;
}

/** What is wrong and what to do, with one sign between them. */
function sentence(message: string, hint: string): string {
  if (hint === '') return message;
  return message.endsWith(':') ? `${message} ${hint}` : `${message.replace(/\.$/, '')}; ${hint}`;
}

/** Words are bytes inside: outside they are UTF-8 again. */
const decode = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

/** One character for each, so that the caret stands where it should; nothing steers a terminal. */
const printable = (text: string): string => text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, '?');
