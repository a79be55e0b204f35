// prometheus-haproxy-exporter over the socket and over HTTP: what it serves is what `show stat` and
// the exporter inside say, and what was sent.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Owner } from '../../harness/proxy.ts';
import { program } from '../../harness/programs.ts';
import { countOf, Site } from '../../harness/site.ts';

const exporter = program('prometheus-haproxy-exporter', '/usr/bin/prometheus-haproxy-exporter');

/** Values by `name{labels}`, as they stand in a scrape. */
type Scrape = ReadonlyMap<string, number>;

function scrapeOf(text: string): Scrape {
  const lines = text.split('\n').filter((line) => /^haproxy_/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** Starts it on a port of the kernel's choice; its address. */
async function startExporter(owner: Owner, uri: string): Promise<string> {
  const words = ['--web.listen-address=127.0.0.1:0', `--haproxy.scrape-uri=${uri}`];
  const child: ChildProcess = spawn(exporter.file, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  owner.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  // Read to its end: it dies of a log line that nobody reads.
  let said = '';
  return await new Promise((settle, refuse) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /Listening on" address=(\S+)/.exec(said);
      if (found !== null) settle(`http://${found[1]}/metrics`);
    });
    child.on('exit', () => refuse(new Error(`the exporter has ended: ${said}`)));
  });
}

/** A column of `show stat`, and what it is called in scrapes. */
const columns: Readonly<Record<string, string>> = {
  qcur: 'current_queue',
  qmax: 'max_queue',
  scur: 'current_sessions',
  smax: 'max_sessions',
  stot: 'sessions_total',
  bin: 'bytes_in_total',
  bout: 'bytes_out_total',
  econ: 'connection_errors_total',
  eresp: 'response_errors_total',
  wretr: 'retry_warnings_total',
  wredis: 'redispatch_warnings_total',
  weight: 'weight',
  chkfail: 'check_failures_total',
  cli_abrt: 'client_aborts_total',
  srv_abrt: 'server_aborts_total',
  hrsp_2xx: 'http_responses_total{code="2xx"}',
  hrsp_4xx: 'http_responses_total{code="4xx"}',
  hrsp_5xx: 'http_responses_total{code="5xx"}',
};

/** `name{code="x"}` with more labels in front. */
function labelled(name: string, labels: string): string {
  const [bare, own = '}'] = name.split('{');
  return own === '}' ? `${bare}{${labels}}` : `${bare}{${labels},${own}`;
}

/** Every server and backend is compared in every column. */
async function compare(site: Site, outside: Scrape, inside: Scrape): Promise<number> {
  let compared = 0;
  for (const [key, row] of await site.stat()) {
    const [proxy, service] = key.split('/');
    if (service === 'FRONTEND') continue;
    const isServer = service !== 'BACKEND';
    const kind = isServer ? 'haproxy_server_' : 'haproxy_backend_';
    const more = isServer ? `,server="${service}"` : '';
    for (const [column, name] of Object.entries(columns)) {
      if (row[column] === '') continue;
      const theirs = outside.get(labelled(kind + name, `backend="${proxy}"${more}`));
      if (theirs === undefined) continue;
      assert.equal(theirs, Number(row[column]), `${key} ${column}`);
      const ours = inside.get(labelled(kind + name, `proxy="${proxy}"${more}`));
      if (ours !== undefined) assert.equal(ours, theirs, `${key} ${name}`);
      compared++;
    }
  }
  return compared;
}

test('prometheus-haproxy-exporter serves what was counted', {
  skip: exporter.missing,
}, async (owner) => {
  const site = await Site.open(owner);
  await site.day();
  const page = `http://127.0.0.1:${site.proxy.port('stats')}/haproxy?stats;csv`;
  const inside = scrapeOf(await site.get('/metrics'));
  for (const uri of [`unix:${site.socket}`, page]) {
    const address = await startExporter(owner, uri);
    const outside = scrapeOf(await (await fetch(address)).text());
    assert.ok((await compare(site, outside, inside)) > 150);
    assert.equal(outside.get('haproxy_up'), 1);
    assert.equal(outside.get('haproxy_exporter_csv_parse_failures_total'), 0);
    const up = (name: string) => outside.get(`haproxy_server_up{backend="app",server="${name}"}`);
    assert.deepEqual(['one', 'two', 'gone'].map(up), [1, 1, 0]);
    const front = '{frontend="web"}';
    const total = countOf(() => true);
    assert.equal(outside.get(`haproxy_frontend_http_requests_total${front}`), total);
    assert.equal(outside.get(`haproxy_frontend_sessions_total${front}`), total);
    assert.equal(outside.get(`haproxy_frontend_requests_denied_total${front}`), 2);
    assert.equal(outside.get(`haproxy_frontend_request_errors_total${front}`), 1);
    assert.equal(outside.get(`haproxy_frontend_limit_sessions${front}`), 50);
    for (const [code, first] of Object.entries({ '2xx': 2, '4xx': 4, '5xx': 5 })) {
      const name = `haproxy_frontend_http_responses_total{code="${code}",frontend="web"}`;
      assert.equal(
        outside.get(name),
        countOf(({ status }) => Math.floor(status / 100) === first),
        code,
      );
    }
  }
  await site.proxy.stop();
});
