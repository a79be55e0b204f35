// One http-request rule, compiled and run on a client whose socket only records what is set: for
// the tests beside worker/actions.

import assert from 'node:assert/strict';
import { verdictNext } from '../../worker/keyword.ts';
import type { Stream } from '../../worker/stream/stream.ts';
import { compileText, Exchange, frontendText } from './exchange.ts';

/** A frontend that is its own backend, with one rule. */
export function listenText(rule: string, mode = 'http'): string {
  const text = frontendText([], mode).replace('  default_backend be\n', `  ${rule}\n`);
  return text.replace('frontend fe', 'listen fe');
}

export interface Call {
  readonly level: number;
  readonly name: number;
  readonly value: number;
}

/** Runs one http-request rule on a client of 127.0.0.2:4711; records socket options it sets. */
export function runRule(
  rule: string,
  failing: readonly number[] = [],
): { stream: Stream; calls: Call[]; verdict: number } {
  const { program, messages } = compileText(listenText(`http-request ${rule}`));
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program).request();
  const { stream } = exchange;
  const calls: Call[] = [];
  const { connection } = stream.session;
  connection.fd = 7;
  connection.source.setIpv4(0x7f000002, 4711);
  connection.resetOnClose = () => {};
  connection.sys.setsockoptInt = (_fd, level, name, value) => {
    calls.push({ level, name, value });
    return failing.includes(name) ? -1 : 0;
  };
  return { verdict: exchange.runRequest(), stream, calls };
}

/** What is looked at once the rule has run. */
export type Read = (stream: Stream) => unknown;

/** A rule, and what it must have left in the stream. */
export type RuleCase = readonly [rule: string, read: Read, expected: unknown];

/** The rule goes on to the next one, and leaves what is expected. */
export function assertRule([rule, read, expected]: RuleCase): void {
  const { stream, verdict } = runRule(rule);
  assert.equal(verdict, verdictNext);
  assert.equal(read(stream), expected);
}

/** A configuration that is refused, and the one message about it. */
export type Mistake = readonly [text: string, message: RegExp];

export function assertMistake([text, message]: Mistake): void {
  const { messages } = compileText(text);
  assert.equal(messages.length, 1, messages.join('\n'));
  assert.match(messages[0], message);
}
