// email-alert and mailers sections: who is told by mail of what, and what happens when mail servers
// refuse, are silent or away (manual 4.2 and 12.3).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchange, inherited, startProxy } from '../harness/proxy.ts';
import { scripted, silent } from '../harness/scripted.ts';
import { SmtpServer } from '../harness/smtp-server.ts';

const head = `global
  node host.example
  max-spread-checks 100ms
  stats socket "${inherited('cli')}" level admin
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
`;

/** The subject of a message, encoded words (RFC 2047) decoded. */
function subjectOf(text: string): string {
  const [, folded = ''] = /^Subject: ((?:.*\r\n[ \t])*.*)/m.exec(text) ?? [];
  return folded
    .replace(/\?=\s+=\?UTF-8\?Q\?/g, '')
    .replace(/\r\n[ \t]/g, ' ')
    .replace(/=\?UTF-8\?Q\?(.*)\?=/, (_, words: string) =>
      words
        .replaceAll('_', ' ')
        .replace(/=(..)/g, (_code, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    );
}

test('changes of servers are mailed to every mailer, by level', async (context) => {
  const [first, second] = [
    await new SmtpServer().listen(context),
    await new SmtpServer().listen(context),
  ];
  const port = await scripted(context, silent);
  const config = `${head}mailers both
  timeout mail 20s
  mailer one 127.0.0.1:${first.port}
  mailer two 127.0.0.1:${second.port}
defaults
  mode http
  timeout connect 5s
  timeout server 5s
  email-alert mailers both
  email-alert from "Balancer <lb@example.com>"
  email-alert to ops@example.com
backend alerts
  server gone 127.0.0.1:1 check inter 100ms fall 1
backend notices
  email-alert level notice
  email-alert myhostname lb.example
  server here 127.0.0.1:${port} check inter 1h
`;
  const proxy = startProxy(context, { config });
  // A server that goes down is an alert; one that is set up or down by hand is a notice.
  await first.got(1);
  await second.got(1);
  for (const server of [first, second]) {
    const [{ greeting, from, to, text }] = server.received;
    assert.deepEqual([greeting, from, to], ['host.example', 'lb@example.com', 'ops@example.com']);
    assert.match(text, /^From: Balancer <lb@example.com>\r$/m);
    assert.match(text, /^To: ops@example.com\r$/m);
    assert.match(text, /^Date: /m);
    assert.match(subjectOf(text), /^\[HAProxy Alert\] Server alerts\/gone is DOWN, reason: Layer4/);
    assert.match(text, /\r\n\r\nServer alerts\/gone is DOWN, reason: /);
  }
  await exchange(proxy.port('cli'), 'set server notices/here state drain\n');
  await exchange(proxy.port('cli'), 'set server alerts/gone state maint\n');
  await exchange(proxy.port('cli'), 'set server notices/here state ready\n');
  await first.got(3);
  const subjects = first.received.slice(1).map(({ text }) => subjectOf(text));
  assert.match(subjects[0], /Server notices\/here enters drain state/);
  assert.match(subjects[1], /Server notices\/here is UP \(leaving forced drain\)/);
  assert.deepEqual([first.received[1].greeting], ['lb.example']);
});

test('mail servers that refuse, are silent or away are told of, and others get theirs', async (context) => {
  const [good, refusing, mute] = [
    await new SmtpServer().listen(context),
    await new SmtpServer('RCPT').listen(context),
    await new SmtpServer('*').listen(context),
  ];
  const config = `${head}mailers all
  timeout mail 300ms
  mailer refusing 127.0.0.1:${refusing.port}
  mailer mute 127.0.0.1:${mute.port}
  mailer away 127.0.0.1:1
  mailer good 127.0.0.1:${good.port}
backend be
  email-alert mailers all
  email-alert from lb@example.com
  email-alert to ops@example.com
  server gone 127.0.0.1:1 check inter 100ms fall 1
`;
  const proxy = startProxy(context, { config });
  await good.got(1);
  for (const name of ['refusing', 'mute', 'away']) {
    await proxy.printed(`Email alert could not be sent to mailer ${name}: `);
  }
  assert.match(proxy.output, /to mailer refusing: .*550 not here/);
  assert.match(proxy.output, /to mailer away: .*ECONNREFUSED/);
});

const mistakes: readonly (readonly [lines: string, says: RegExp, status: number])[] = [
  ['email-alert mailers m', /requires each of 'email-alert from'/, 0],
  [
    'email-alert mailers nobody\n  email-alert from a@b\n  email-alert to c@d',
    /unable to find mailers 'nobody'/,
    1,
  ],
  ['email-alert level loud', /unknown log level 'loud'/, 1],
  ['email-alert by pigeon', /unknown argument 'by'/, 1],
  ['email-alert from "a\\nb"', /cannot have line breaks/, 1],
];

test('what is missing or wrong in email-alert lines', async (context) => {
  for (const [lines, says, status] of mistakes) {
    const config = `${head}mailers m\n  mailer a 127.0.0.1:25\nlisten l\n  bind 127.0.0.1:1\n  ${lines}\n`;
    const proxy = startProxy(context, { config, args: ['-c'] });
    assert.equal(await proxy.exited, status, lines);
    assert.match(proxy.output, says);
  }
});
