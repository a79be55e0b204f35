// do-resolve (manual 4.3): looks a name up while the request waits, and keeps the address in a
// variable. Asking is the thread's (worker/thread-lookups.ts); no thread waits for a name server.

import type { Act, ActionDef, Evaluate, Scope, WordCursor } from '../keyword.ts';
import { verdictNext, verdictWait } from '../keyword.ts';
import { kindString } from '../sample/sample.ts';
import { parseIpv4, parseIpv6 } from '../sample/address.ts';
import { variableWriter, type WriteVariable } from '../sample/variables.ts';
import type { Stream } from '../stream/stream.ts';
import type { LookupPlan } from '../thread-context.ts';
import { takeWord } from './arguments.ts';

const usage =
  "expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. " +
  "Available options are 'ipv4' and 'ipv6'";

function buildDoResolve(words: WordCursor, scope: Scope): Act | null {
  const [name, section, ...options] = words.parenthesis.split(',');
  const isWrong = options.some((one) => one !== 'ipv4' && one !== 'ipv6');
  if (name === '' || section === undefined || isWrong) {
    scope.alert(`'do-resolve(${words.parenthesis})' : ${usage}`);
    return null;
  }
  const model = scope.model.resolvers.find((one) => one.name === section);
  if (model === undefined) {
    scope.alert(`Can't find resolvers section '${section}' for do-resolve action.`);
    return null;
  }
  const text = takeWord(words, scope, 'an expression that gives a name');
  const expression = text === null ? null : scope.expressionOf(text, kindString);
  const write = variableWriter(name, 0, scope);
  if (expression === null || write === null) return null;
  // What a resolution lasts at most, and a little more: then the control thread is not there.
  const limitMs = model.resolveMs + (Math.abs(model.retries) + 1) * 2 * model.retryMs + graceMs;
  const prefer = options.at(-1) === 'ipv4' ? 'ipv4' : 'ipv6';
  const plan = { section, prefer, limitMs } as const;
  const isContent = scope.ruleSet === 'tcp-request content';
  return resolving(plan, expression.evaluate, write, isContent);
}

const graceMs = 5000;

/** `isContent`: inspect-delay limits the wait. */
function resolving(
  plan: LookupPlan,
  evaluate: Evaluate,
  write: WriteVariable,
  isContent: boolean,
): Act {
  return (stream) => {
    const { lookups } = stream.thread;
    if (lookups === undefined) return verdictNext;
    const { sample } = stream;
    let address = lookups.answerOf(stream);
    if (address === undefined) {
      sample.restart();
      if (!evaluate(stream, sample)) return verdictNext;
      address = lookups.ask(stream, plan, sample.text);
    }
    if (address === null && !isOver(stream, plan, isContent)) return verdictWait;
    lookups.forget(stream);
    stream.isPaused = false;
    stream.waitUntilMs = 0;
    if (address === null || address === '') return verdictNext;
    sample.restart();
    if (address.indexOf(':') < 0) sample.setIpv4(parseIpv4(address));
    else sample.setIpv6(parseIpv6(address));
    write(stream, sample);
    return verdictNext;
  };
}

/** There is no answer yet: is there none to wait for any more? */
function isOver(stream: Stream, { limitMs }: LookupPlan, isContent: boolean): boolean {
  if (isContent && stream.samplesFinal) return true;
  const { nowMs } = stream.thread.time;
  if (stream.waitUntilMs === 0) stream.waitUntilMs = nowMs + limitMs;
  // The client has done its part.
  stream.isPaused = true;
  return nowMs >= stream.waitUntilMs;
}

export const resolveActions = [
  {
    name: 'do-resolve',
    sets: ['tcp-request content', 'http-request'],
    help: 'Looks a name up and keeps its address in a variable',
    example: 'do-resolve(txn.address,default,ipv4) hdr(host),host_only',
    build: buildDoResolve,
  },
] satisfies readonly ActionDef[];
