// The statistics page through a running proxy: what is shown to whom, answers larger than a buffer,
// accounts, and changes of server states.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrowser, withoutBrowser } from '../harness/browser.ts';
import { exchange, inherited, startProxy } from '../harness/proxy.ts';

const servers = Array.from({ length: 120 }, (_, i) => `  server s${i} 127.0.0.1:1\n`).join('');
const config = `defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend open
  bind "${inherited('open')}"
  stats uri /stats
  stats admin if { path_beg /stats } !{ req.hdr(x-reader) yes }
  default_backend big
frontend closed
  bind "${inherited('closed')}"
  stats auth ann:secret
  stats realm Staff
  stats scope .
  stats show-modules
frontend versioned
  bind "${inherited('versioned')}"
  stats show-version
backend big
${servers}`;

const get = (target: string, headers = ''): string =>
  `GET ${target} HTTP/1.0\r\nHost: here\r\n${headers}\r\n`;

const post = (body: string, headers = ''): string =>
  `POST /stats HTTP/1.0\r\nHost: here\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`;

test('the page is whole, asks for an account, and changes server states', async (owner) => {
  const proxy = startProxy(owner, { config });
  const open = proxy.port('open');
  const page = await exchange(open, get('/stats'));
  assert.match(page, /^HTTP\/1\.[01] 200 /);
  assert.ok(page.length > 60_000 && page.endsWith('</body></html>\n'));
  for (let i = 0; i < 120; i++) assert.ok(page.includes(`id="big/s${i}"`), `s${i}`);
  const csv = await exchange(open, get('/stats;csv;scope=big'));
  assert.ok(csv.includes('\nbig,s119,') && !csv.includes('\nopen,FRONTEND,'));
  assert.doesNotMatch(page, /HAProxy version/);
  const versioned = await exchange(proxy.port('versioned'), get('/haproxy?stats'));
  // Monitoring systems read these out of the page (Zabbix: HAProxy by HTTP).
  assert.equal(/HAProxy version ([^,]*),/.exec(versioned)?.[1], '3.5-dev5');
  assert.match(versioned, /(\d+)d (\d+)h(\d+)m(\d+)s/);
  assert.match(versioned, new RegExp(`Statistics Report for pid ${proxy.pid}\\b`));
  const closed = proxy.port('closed');
  const refused = await exchange(closed, get('/haproxy?stats'));
  assert.match(refused, /^HTTP\/1\.[01] 401 /);
  assert.match(refused, /www-authenticate: Basic realm="Staff"/);
  const account = `Authorization: Basic ${btoa('ann:secret')}\r\n`;
  const modules = await exchange(closed, get('/haproxy?stats', account));
  assert.match(modules, />Extra modules<\/th>[\s\S]*h1_total_streams \d+, [^"]*">h1<\/td>/);
  assert.ok(!page.includes('Extra modules'));
  const own = await exchange(closed, get('/haproxy?stats;csv', account));
  assert.ok(own.includes('\nclosed,FRONTEND,') && !own.includes('\nbig,'));
  const id = /name="b" value="#(\d+)"/.exec(page)?.[1];
  const form = `s=s1&s=s2&action=maint&b=%23${id}`;
  assert.match(await exchange(open, post(form, 'X-Reader: yes\r\n')), /;st=DENY\r\n/);
  assert.match(await exchange(open, post(form, 'Origin: http://there\r\n')), /;st=DENY\r\n/);
  assert.match(
    await exchange(open, post(form)),
    /^HTTP\/1\.[01] 303 [\s\S]*location: \/stats;st=DONE\r/,
  );
  const after = await exchange(open, get('/stats;csv'));
  assert.equal(after.match(/\nbig,s\d+,.*MAINT/g)?.length, 2);
  await proxy.stop();
});

test('one box chooses all servers of a table', { skip: withoutBrowser }, async (owner) => {
  const proxy = startProxy(owner, { config });
  const browser = await startBrowser(owner);
  await browser.open(`http://127.0.0.1:${proxy.port('open')}/stats`);
  const chosen = "document.querySelectorAll('input[name=s]:checked').length";
  await browser.until("document.readyState === 'complete' && !!document.querySelector('th input')");
  await browser.value("document.querySelector('th input').click()");
  assert.equal(await browser.value(chosen), 120);
  await browser.value("document.querySelector('select[name=action]').value = 'maint'");
  await browser.value("document.querySelector('select[name=action]').form.requestSubmit()");
  await browser.until("document.querySelector('.outcome')?.textContent === 'The change was made.'");
  // The outcome stands above the servers, which come piece by piece.
  await browser.until("document.readyState === 'complete'");
  assert.equal(await browser.value("document.querySelectorAll('tr.maint').length"), 120);
  assert.deepEqual(browser.complaints, []);
  await browser.close();
  await proxy.stop();
});
