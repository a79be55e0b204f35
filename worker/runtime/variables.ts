// Commands on process variables (management.txt 9.3, "get var" and "set var"). The control thread's
// copy answers; what is set goes to all threads.

import { castSample } from '../sample/cast.ts';
import { kindNames, kindString, Sample } from '../sample/sample.ts';
import {
  type Answer,
  failure,
  information,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';

const missing = 'Missing process-wide variable identifier.';

function getVariable({ context, words }: RuntimeCall): Answer {
  const [name] = words;
  if (name === undefined) return failure(missing);
  const found = context.live.variable(name);
  if (found === null) return failure('Variable not found.');
  const sample = new Sample();
  sample.copy(found);
  const type = kindNames[found.kind];
  const value = castSample(sample, kindString)
    ? `<${sample.text.replace(/[^\x20-\x7e]/g, '.')}>`
    : '(undisplayable)';
  return information(`${name}: type=${type} value=${value}`);
}

async function setVariable({ context, words }: RuntimeCall): Promise<Answer> {
  const [name, first, second] = words;
  if (name === undefined) return failure(missing);
  if (first === undefined) return failure("Missing either 'expr', 'fmt' or expression.");
  if (second !== undefined && first !== 'expr' && first !== 'fmt') {
    return failure(`'set var': arg type must be either 'expr' or 'fmt' but got '${first}'.`);
  }
  const isFormat = second !== undefined && first === 'fmt';
  const fault = context.live.setVariable(name, second ?? first, isFormat);
  if (fault !== '') return failure(`'set var': ${fault}`);
  // Behind the edit: when all threads have answered, all have the value.
  await context.inspect('thread');
  return '';
}

export const variableCommands = [
  {
    words: ['get', 'var'],
    requires: 'operator',
    usage: '<name>',
    help: 'type and value of a process variable',
    run: getVariable,
  },
  {
    words: ['set', 'var'],
    requires: 'operator',
    mode: 'experimental',
    usage: '<name> [fmt|expr] {<fmt>|<expr>}',
    help: 'set a process variable to the value of an expression or format',
    run: setVariable,
  },
] satisfies readonly RuntimeCommandDef[];
