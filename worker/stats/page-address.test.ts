// Addresses, forms and escapes of the statistics page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../shared/config/model.ts';
import { escapeHtml, groupedNumber, shortTime } from './html.ts';
import { pageAddress, parsePageAddress } from './page-address.ts';
import { parseChange } from './page-change.ts';
import { rowState } from './page-row.ts';

const plan = {
  uri: '/haproxy?stats',
  dashboardUri: '',
  refreshSeconds: 5,
  scope: null,
  showsVersion: false,
  showsLegends: false,
  showsModules: false,
  node: '',
  description: '',
};

test('an address that was read is written the same', () => {
  for (const words of [
    '',
    ';csv',
    ';json;up',
    ';up;no-maint;norefresh',
    ';scope=a%26b',
    ';typed',
  ]) {
    const request = parsePageAddress(plan, plan.uri + words, false);
    assert.ok(request !== null);
    assert.equal(pageAddress(plan, request), plan.uri + words);
  }
  assert.equal(parsePageAddress(plan, '/other', false), null);
  assert.equal(parsePageAddress(plan, `${plan.uri};st=DONE`, false)?.outcome, 'DONE');
  assert.equal(parsePageAddress(plan, `${plan.uri}=&scope=b+1`, false)?.scope, 'b 1');
});

test('text from outside cannot leave its place', () => {
  assert.equal(escapeHtml(`<a href="x">'&`), '&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
});

test('numbers and times are short and readable', () => {
  assert.equal(groupedNumber(1234567), '1<u>234</u><u>567</u>');
  assert.equal(groupedNumber(999), '999');
  const times = [42, 185, 7800, 356_400].map(shortTime);
  assert.deepEqual(times, ['42s', '3m5s', '2h10m', '4d3h']);
});

test('states have their colours', () => {
  const cases = [
    ['UP', 'up'],
    ['UP 1/3', 'falling'],
    ['DOWN', 'down'],
    ['DOWN 1/2', 'rising'],
    ['MAINT (via b/s)', 'maint'],
    ['DRAIN', 'drain'],
    ['NOLB 2/3', 'drain'],
    ['no check', 'unchecked'],
  ];
  for (const [status, state] of cases) assert.equal(rowState(status, false), state, status);
  assert.equal(rowState('UP', true), 'up backup');
});

test('a form names servers of one proxy', () => {
  const servers = [{ name: 's1' }, { name: 's 2' }];
  const proxies = [{ name: 'b', id: 3, kind: 'backend', servers }];
  const model = { proxies } as unknown as Model; // what parseChange reads of it
  assert.deepEqual(parseChange(model, 's=s1&s=s+2&s=no&action=maint&b=%233'), {
    proxyIndex: 0,
    action: 'maint',
    servers: [0, 1],
    unknown: 1,
  });
  assert.equal(parseChange(model, 's=s1&action=explode&b=%233'), null);
  assert.equal(parseChange(model, 's=s1&action=maint&b=%234'), null);
});
