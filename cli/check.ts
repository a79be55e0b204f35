// `hawser check`: what is wrong with a configuration, for people or for programs. Called by
// commands.ts. Opens no socket and changes nothing.

import { checkFiles } from '../master/main.ts';
import { type Diagnostic, isFatal } from '../shared/config/diagnostic.ts';
import { inputOf, standardInput } from './input.ts';
import { statusDone, statusRefused } from './exit-status.ts';
import { countOf, type Finding, findingsOf, paragraphOf, summaryOf } from './report.ts';
import { type Paint, painterOf } from './terminal.ts';

export interface CheckOptions {
  /** Files and folders, or standard input. */
  readonly files: readonly string[];
  readonly json: boolean;
  /** Warnings are as bad as errors. */
  readonly strict: boolean;
  /** What messages call standard input. */
  readonly name: string;
}

interface Checked {
  readonly files: readonly string[];
  readonly valid: boolean;
  readonly findings: readonly Finding[];
}

/** Prints the report; the exit status says whether it can be started. */
export async function check(options: CheckOptions): Promise<number> {
  const { json, strict, name } = options;
  const input = inputOf(options.files, name);
  const found = await checkFiles(input.files, { texts: input.texts });
  const findings = findingsOf([...found.diagnostics, ...nothingListens(found)], input.readLine);
  const bad = countOf(findings, 'error') + (strict ? countOf(findings, 'warning') : 0);
  const names = options.files.map((file) => (file === standardInput ? name : file));
  const checked = { files: names, valid: bad === 0, findings };
  process.stdout.write(json ? jsonOf(checked) : textOf(checked, painterOf(process.stdout)));
  return bad === 0 ? statusDone : statusRefused;
}

/** `-c` has an exit status of its own for this; here it is a warning. */
function nothingListens(found: Awaited<ReturnType<typeof checkFiles>>): readonly Diagnostic[] {
  if (found.listens || found.diagnostics.some(isFatal)) return [];
  const message =
    'nothing listens: there is no bind line and no stats socket, so it will not start';
  return [{ severity: 'warning', file: '', line: 0, column: 0, message, hint: '', text: '' }];
}

function textOf({ files, valid, findings }: Checked, paint: Paint): string {
  const paragraphs = findings.map((finding) => `${paragraphOf(finding, paint)}\n`);
  const verdict = valid ? paint('good', 'valid') : paint('error', 'cannot be started');
  const counts = findings.length === 0 ? '' : ` (${summaryOf(findings)})`;
  return `${paragraphs.join('')}${files.join(', ')}: ${verdict}${counts}\n`;
}

function jsonOf({ files, valid, findings }: Checked): string {
  const [errors, warnings] = ['error', 'warning'].map((name) => countOf(findings, name));
  return `${JSON.stringify({ valid, files, errors, warnings, diagnostics: findings }, null, 2)}\n`;
}
