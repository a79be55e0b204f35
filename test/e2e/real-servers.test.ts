// Protocol checks on the real programs they were made for: each is found to be up, refused where
// the check asks for a user that it does not know, and down once it is killed.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';
import { RealInstance, type RealServer, realServers } from '../harness/real-servers.ts';

interface Case {
  readonly server: RealServer;
  /** Lines of a backend whose server is up. */
  readonly good: readonly string[];
  /** Lines of one whose check the program refuses, with what is reported; null: it refuses none. */
  readonly bad: { readonly lines: readonly string[]; readonly status: string } | null;
}

const cases: Readonly<Record<string, Case>> = {
  redis: { server: realServers.redis, good: ['option redis-check'], bad: null },
  postgresql: {
    server: realServers.postgresql,
    good: ['option pgsql-check user checker'],
    bad: null,
  },
  mariadb: {
    server: realServers.mariadb,
    good: ['option mysql-check user checker'],
    bad: { lines: ['option mysql-check user stranger'], status: 'L7STS' },
  },
  'mariadb, by its greeting': {
    server: realServers.mariadb,
    good: ['option mysql-check'],
    bad: null,
  },
  OpenLDAP: { server: realServers.slapd, good: ['option ldap-check'], bad: null },
  'an SMTP server': {
    server: realServers.msmtpd,
    good: ['option smtpchk EHLO client.example'],
    bad: null,
  },
};

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

function configOf({ good, bad }: Case, port: number): string {
  const backend = (name: string, lines: readonly string[]): string =>
    `backend ${name}\n${indented(lines)}  server s 127.0.0.1:${port} check inter 200ms fall 1\n`;
  return `global
  stats socket "${inherited('cli')}"
defaults
  mode tcp
  timeout connect 20s
  timeout client 20s
  timeout server 20s
  timeout check 20s
frontend unused
  bind "${inherited('fe')}"
${backend('good', good)}${bad === null ? '' : backend('bad', bad.lines)}`;
}

/** `status/check_status` of the server of a backend. */
async function stateOf(proxy: RunningProxy, backend: string): Promise<string> {
  const csv = await exchange(proxy.port('cli'), 'show stat\n');
  const [header = '', ...rows] = csv.split('\n').map((line) => line.replace('# ', ''));
  const names = header.split(',');
  const row = rows.find((line) => line.startsWith(`${backend},s,`))?.split(',') ?? [];
  return `${row[names.indexOf('status')]}/${row[names.indexOf('check_status')]}`;
}

const patienceMs = 60_000;

async function becomes(proxy: RunningProxy, backend: string, wanted: RegExp): Promise<void> {
  let state = '';
  for (const end = Date.now() + patienceMs; Date.now() < end; await wait(50)) {
    state = await stateOf(proxy, backend);
    if (wanted.test(state)) return;
  }
  assert.match(state, wanted, backend);
}

async function story(context: TestContext, one: Case): Promise<void> {
  const instance = await RealInstance.start(context, one.server);
  const proxy = startProxy(context, { config: configOf(one, instance.port) });
  await becomes(proxy, 'good', /^UP\/L7OK$/);
  if (one.bad !== null) await becomes(proxy, 'bad', new RegExp(`^DOWN/${one.bad.status}$`));
  await instance.kill();
  await becomes(proxy, 'good', /^DOWN\/L4CON$/);
}

for (const [name, one] of Object.entries(cases)) {
  const skip = one.server.program === '' ? { skip: `${name} is not installed` } : {};
  test(`checks of ${name}`, skip, async (context) => {
    await story(context, one);
  });
}
