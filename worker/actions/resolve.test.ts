// do-resolve as a rule: what it asks, when it waits, and what becomes of answers and of none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText, headersOf } from '../../test/harness/exchange.ts';
import { verdictNext, verdictWait } from '../keyword.ts';
import type { NameLookups } from '../thread-context.ts';

const resolvers = 'resolvers dns\n  nameserver a 127.0.0.1:53\n';

class Lookups implements NameLookups {
  readonly asked: string[] = [];
  address: string | null | undefined = undefined;

  answerOf(): string | null | undefined {
    return this.address;
  }

  ask(_stream: unknown, { section, prefer }: { section: string; prefer: string }, name: string) {
    this.asked.push(`${section} ${prefer} ${name}`);
    this.address = null;
    return null;
  }

  forget(): void {
    this.address = undefined;
  }
}

function prepare(rule: string) {
  const text = `${resolvers}${frontendText([
    `http-request ${rule} hdr(host),host_only`,
    'http-request set-header x-address %[var(txn.a)]',
  ])}`;
  const { program, messages } = compileText(text);
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program).request('GET / HTTP/1.1\r\nHost: WWW.test:81\r\n\r\n');
  const lookups = new Lookups();
  Object.assign(exchange.stream.thread, { lookups });
  return { exchange, lookups };
}

for (const address of ['10.0.0.1', '2001:db8::1']) {
  test(`the request waits for ${address} and goes on with it`, () => {
    const { exchange, lookups } = prepare('do-resolve(txn.a,dns,ipv4)');
    assert.equal(exchange.runRequest(), verdictWait);
    assert.equal(exchange.runRequest(), verdictWait);
    assert.deepEqual(lookups.asked, ['dns ipv4 www.test'], 'asked once');
    lookups.address = address;
    assert.equal(exchange.runRequest(), verdictNext);
    assert.match(
      headersOf(exchange.stream.request).join('\r\n'),
      new RegExp(`x-address: ${address}`),
    );
    assert.equal(exchange.stream.isPaused, false);
  });
}

test('a name without an address sets nothing', () => {
  const { exchange, lookups } = prepare('do-resolve(txn.a,dns)');
  assert.equal(exchange.runRequest(), verdictWait);
  assert.deepEqual(lookups.asked, ['dns ipv6 www.test']);
  lookups.address = '';
  assert.equal(exchange.runRequest(), verdictNext);
  assert.doesNotMatch(headersOf(exchange.stream.request).join('\r\n'), /x-address: \S/);
});

test('nobody waits for ever', () => {
  const { exchange } = prepare('do-resolve(txn.a,dns)');
  assert.equal(exchange.runRequest(), verdictWait);
  exchange.time.nowMs += 3_600_000;
  assert.equal(exchange.runRequest(), verdictNext);
});

const wrong: readonly (readonly [string, RegExp])[] = [
  ['do-resolve(txn.a) hdr(host)', /expects 'do-resolve\(<varname>,<resolvers>/],
  ['do-resolve(txn.a,dns,ipv5) hdr(host)', /Available options are 'ipv4' and 'ipv6'/],
  ['do-resolve(txn.a,other) hdr(host)', /Can't find resolvers section 'other' for do-resolve/],
  ['do-resolve(txn.a,dns)', /missing an expression that gives a name/],
];

for (const [rule, message] of wrong) {
  test(`refused: ${rule}`, () => {
    const { messages } = compileText(`${resolvers}${frontendText([`http-request ${rule}`])}`);
    assert.match(messages.join('\n'), message);
  });
}
