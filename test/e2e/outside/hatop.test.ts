// hatop in a terminal, by its keys: it shows what has been counted, takes servers out and back,
// changes weights, and has its prompt.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { program } from '../../harness/programs.ts';
import { Site } from '../../harness/site.ts';
import { noTmux, Terminal } from '../../harness/terminal.ts';

const hatop = program('hatop', '/usr/bin/hatop');

/** Columns of the line of a screen that begins with `name`. */
const line = (screen: string, name: string): string[] =>
  screen
    .split('\n')
    .find((one) => one.startsWith(`${name} `))
    ?.trim()
    .split(/ +/) ?? [];

test('hatop shows the servers and runs them', {
  skip: hatop.missing || noTmux,
}, async (owner) => {
  const site = await Site.open(owner);
  await site.day();
  const terminal = new Terminal(owner, `${hatop.file} -s ${site.socket} -i 1`, [160, 45]);
  const status = await terminal.shows(/ HAProxy Version: [\s\S]* 1-STATUS /);
  assert.match(status, / Node: balancer1 \(uptime 0d 0h00m\d\ds\)/);
  assert.match(status, / Proxies: +6 +Services: +12$/m);
  const rows = await site.stat();
  for (const name of ['one', 'two']) {
    const { stot } = rows.get(`app/${name}`) ?? {};
    assert.deepEqual(line(status, name), [name, ...`1 UP L4OK 1 0 0 0 0 1 0 ${stot}`.split(' ')]);
  }
  assert.deepEqual(line(status, 'gone').slice(0, 4), ['gone', '1', 'DOWN', 'L4CON']);
  assert.deepEqual(line(status, 'off').slice(0, 3), ['off', '1', 'MAINT']);
  terminal.type('3');
  const http = await terminal.shows(/^NAME .* 1xx +2xx +3xx +4xx +5xx /m);
  assert.deepEqual(line(http, 'only').slice(-7), ['2', '0', '2', '0', '0', '0', '0']);
  terminal.type('4');
  const errors = await terminal.shows(/^NAME .* ECONN +EREQ +ERSP /m);
  assert.deepEqual(line(errors, 'closed').slice(-6, -5), ['1']);
  terminal.type('2');
  await terminal.shows(/^NAME .* LBTOT .* BIN +BOUT$/m);
  terminal.type('1', 'Down', 'Down', 'Down', 'Down');
  await terminal.shows(/ ENTER=MENU SPACE=SEL \[#3\/#1\]$/m);
  terminal.type('F10');
  await terminal.shows(/^one +1 MAINT /m);
  assert.equal((await site.stat()).get('app/one')?.['status'], 'MAINT');
  terminal.type('F9');
  await terminal.shows(/^one +1 UP /m);
  terminal.type('F8');
  await terminal.shows(/^one +11 UP /m);
  assert.match(await site.command('get weight app/one'), /^11 \(initial 1\)/);
  terminal.type('F4', '5');
  await terminal.shows(/^> disable server app\/one$[\s\S]*^> set weight app\/one 100%$/m);
  assert.match(await site.command('get weight app/one'), /^1 \(initial 1\)/);
  terminal.type('show version', 'Enter');
  await terminal.shows(/^> show version\n3\.\d/m);
  terminal.type('M-1');
  await terminal.shows(/ ENTER=MENU SPACE=SEL /);
  terminal.type('q');
  await terminal.shows(/^status 0$/m);
  await site.proxy.stop();
});
