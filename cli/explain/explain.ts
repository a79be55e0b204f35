// `hawser explain`: what a configuration makes of a request, without sending anything. Called by
// commands-proxy.ts. The rules are run by the worker's own program (worker/explain).

import { explainFiles } from '../../master/main.ts';
import { isFatal } from '../../shared/config/diagnostic.ts';
import { statusDone, statusRefused, statusUsage } from '../exit-status.ts';
import { inputOf } from '../input.ts';
import { findingsOf, paragraphOf, summaryOf } from '../report.ts';
import { painterOf } from '../terminal.ts';
import { type RequestWords, readRequest } from './request.ts';
import { explanationText } from './text.ts';

export interface ExplainOptions extends Omit<RequestWords, 'request'> {
  /** Files and folders, and the request last. */
  readonly words: readonly string[];
  readonly json: boolean;
}

/** 0: the request met a server or an answer. 1: it cannot be tried, or nobody answers it. */
export async function explain(options: ExplainOptions): Promise<number> {
  const files = options.words.slice(0, -1);
  const request = readRequest({ ...options, request: options.words.at(-1) ?? '' });
  if (files.length === 0 || typeof request === 'string') {
    const why = typeof request === 'string' ? request : 'a configuration is needed, then a request';
    process.stderr.write(`hawser: ${why}\n`);
    return statusUsage;
  }
  const input = inputOf(files, 'standard input');
  const { diagnostics, explanation } = await explainFiles(input, request);
  const paint = painterOf(process.stdout);
  if (explanation === null) {
    const findings = findingsOf(diagnostics.filter(isFatal), input.readLine);
    for (const finding of findings) process.stderr.write(`${paragraphOf(finding, paint)}\n`);
    process.stderr.write(`hawser: this configuration cannot be started (${summaryOf(findings)})\n`);
    return statusRefused;
  }
  if (options.json) process.stdout.write(`${JSON.stringify(explanation, null, 2)}\n`);
  else if (explanation.fault !== '') process.stderr.write(`hawser: ${explanation.fault}\n`);
  else process.stdout.write(explanationText(explanation, paint));
  const isMet = explanation.outcome === 'server' || explanation.outcome === 'answered';
  return isMet ? statusDone : statusRefused;
}
