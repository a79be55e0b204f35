// `hawser check`: what is wrong with a configuration, for people or for programs. Called by
// commands.ts.

import { checkFiles } from '../master/main.ts';
import type { Diagnostic } from '../shared/config/diagnostic.ts';

/** Prints the report; 0 when there is no alert, else 1. */
export async function check(files: readonly string[], json: boolean): Promise<number> {
  const found = await checkFiles(files);
  process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : report(files, found));
  return found.some(({ severity }) => severity === 'alert') ? 1 : 0;
}

function report(files: readonly string[], found: readonly Diagnostic[]): string {
  const count = (severity: string): number =>
    found.filter((diagnostic) => diagnostic.severity === severity).length;
  const alerts = count('alert');
  const warnings = count('warning');
  const verdict = alerts === 0 ? 'can be started' : 'cannot be started';
  const summary = `${files.join(', ')}: ${verdict} (${alerts} errors, ${warnings} warnings)\n`;
  return `${found.map(paragraph).join('')}${summary}`;
}

const words: Readonly<Record<string, string>> = {
  alert: 'error',
  warning: 'warning',
  notice: 'notice',
  diag: 'hint',
};

/** file:line:column, the sentence, the line with a caret, what to do. */
function paragraph(found: Diagnostic): string {
  const { file, line, column, severity, message, text, hint } = found;
  const place = file === '' ? '' : `${file}:${line}${column > 0 ? `:${column}` : ''}: `;
  const caret = column > 0 ? `    ${text.slice(0, column - 1).replace(/[^\t]/g, ' ')}^\n` : '';
  const shown = text === '' ? '' : `    ${text}\n${caret}`;
  const advice = hint === '' ? '' : `    ${hint}\n`;
  return `${place}${words[severity]}: ${message}\n${shown}${advice}\n`;
}
