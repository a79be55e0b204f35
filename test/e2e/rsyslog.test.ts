// Log lines as a real rsyslogd understands them: every framing that it reads, over UDP, a unix
// socket and TCP.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { inherited, request, startProxy } from '../harness/proxy.ts';
import { type Place, RealInstance, realServers } from '../harness/real-servers.ts';

const { rsyslog } = realServers;
const pollMs = 20;
const patienceMs = 30_000;

/** One line of `log` for each way; the facility tells them apart. */
const config = ({ folder, port }: Place): string => `
global
  nbthread 2
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
ring tcp
  format rfc5424
  server s1 127.0.0.1:${port} log-proto octet-count
ring lines
  format rfc3164
  server s1 127.0.0.1:${port}
frontend fe
  bind "${inherited('fe')}"
  log-tag shop
  log 127.0.0.1:${port} format rfc3164 local0
  log 127.0.0.1:${port} format rfc5424 local1
  log ${folder}/log.sock local2
  log ring@tcp local3
  log ring@lines local4
  capture request header User-Agent len 40
  log-format "%ST %HP %{+Q,+E}[capture.req.hdr(0)]"
  log-format-sd '[shop@1 path="%HP"]'
  http-request return status 200
`;

/** The lines with their process numbers taken out, once there are as many as `count`. */
async function seen({ folder }: Place, count: number): Promise<string[]> {
  const path = join(folder, 'seen');
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const lines = text.split('\n').slice(0, -1);
    if (lines.length >= count) {
      return lines.map((line) => line.replace(/^(\w+ \d+) \S+ /, '$1 HOST ')).toSorted();
    }
    assert.ok(waitedMs < patienceMs, `${count} lines never came:\n${text}`);
    await wait(pollMs);
  }
}

test('rsyslogd reads every framing', {
  skip: rsyslog.program === '' ? "rsyslogd is not installed (Debian: package 'rsyslog')" : false,
}, async (context) => {
  const sink = await RealInstance.start(context, rsyslog);
  const proxy = startProxy(context, { config: config(sink) });
  const head = 'Host: x\r\nUser-Agent: a "b" \\c\r\nConnection: close';
  assert.match(await request(proxy.port('fe'), `GET /one HTTP/1.1\r\n${head}\r\n\r\n`), / 200 /);
  const pid = String(proxy.pid);
  // Behind structured data the message begins at once, in the old form with a blank.
  const said = '200 /one "a \\"b\\" \\\\c"';
  assert.deepEqual(await seen(sink, 5), [
    `imtcp 158 HOST shop ${pid} [shop@1 path="/one"]${said}`,
    `imtcp 166 HOST shop ${pid} - ${said}`,
    `imudp 134 HOST shop ${pid} - ${said}`,
    `imudp 142 HOST shop ${pid} [shop@1 path="/one"]${said}`,
    `imuxsock 150 HOST shop ${pid} - ${said}`,
  ]);
  assert.equal(await proxy.stop(), 130);
});
