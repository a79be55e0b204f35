// What a FastCGI application is told beside the headers, and what is hidden from it (manual 10.1.1,
// set-param and pass-header; 10.3): settled once per request behind all rules, whatever server is
// chosen then. Called by request.ts. Parameters travel as headers whose names no client can send.

import { colon } from '../http/syntax.ts';
import { headerWords } from '../http/message.ts';
import type { FcgiPlan, FcgiParamPlan } from '../program.ts';
import type { Stream } from './stream.ts';

/** False: there is no room for a parameter, and none was hidden. */
export function settleParams(stream: Stream, plan: FcgiPlan): boolean {
  const { params, headers } = plan;
  for (let i = 0; i < params.length; i++) {
    const value = textOf(stream, params[i]);
    if (value !== '' && !stream.request.add(params[i].name, value)) return false;
  }
  for (let i = 0; i < headers.length; i++) {
    const { name, passes } = headers[i];
    if (!isPassed(stream, passes)) stream.request.removeAll(name);
  }
  return true;
}

/** The last line whose condition holds is the one that counts; '' sets nothing. */
function textOf(stream: Stream, { choices }: FcgiParamPlan): string {
  for (let i = 0; i < choices.length; i++) {
    const { condition, value } = choices[i];
    if (condition === null || condition(stream) === 1) return value(stream);
  }
  return '';
}

function isPassed(stream: Stream, passes: FcgiPlan['headers'][number]['passes']): boolean {
  for (let i = 0; i < passes.length; i++) {
    const condition = passes[i];
    if (condition === null || condition(stream) === 1) return true;
  }
  return false;
}

/** Servers that speak HTTP are told no parameters. */
export function dropParams({ request }: Stream): void {
  const { bytes, headers, count } = request;
  for (let i = 0; i < count; i++) {
    const word = i * headerWords;
    if (headers[word + 1] > 0 && bytes[headers[word]] === colon) request.remove(i);
  }
}
