import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStatuses } from '../../shared/segment/check-status.ts';
import { agentResult, parseAgentLine } from './agent.ts';

type Said = readonly [health: string, admin: string, weight: string, maxconn: string];

const lines: readonly (readonly [string, Said])[] = [
  ['up', ['up', '', '', '']],
  ['READY, Up 75%', ['up', 'ready', '75%', '']],
  ['drain\tmaxconn:30 weight:12', ['', 'drain', '12', '30']],
  ['up down', ['down', '', '', '']],
  ['stopped', ['down', '', '', '']],
  ['maint 10% 20%', ['', 'maint', '20%', '']],
  ['', ['', '', '', '']],
  ['50% # down', ['', '', '50%', '']],
];

test('words of an agent, the last of a kind wins', () => {
  for (const [line, said] of lines) {
    const { health, admin, weight, maxconn } = parseAgentLine(line);
    assert.deepEqual([health, admin, weight, maxconn], said, line);
  }
});

const results: readonly (readonly [string, string, string, string])[] = [
  ['up', '', 'L7OK', 'via agent : up'],
  ['up foo', '', 'L7OK', 'via agent : up (foo)'],
  ['up # fine', '', 'L7OK', 'via agent : up (fine)'],
  ['up foo # fine', '', 'L7OK', 'via agent : up (foo)'],
  ['down # disk', 'bad weight', 'L7STS', 'via agent : down (disk)'],
  ['fail', 'bad weight', 'L7STS', 'via agent : fail (bad weight)'],
  ['foo', '', 'CHECKED', 'agent reports an error : foo'],
  ['300%', 'too much', 'CHECKED', 'agent warns : too much'],
  ['50%', '', 'CHECKED', ''],
];

test('what is reported of an agent', () => {
  for (const [line, warning, name, info] of results) {
    const said = agentResult(parseAgentLine(line), warning);
    assert.deepEqual([checkStatuses[said.status].name, said.info], [name, info], line);
  }
});
