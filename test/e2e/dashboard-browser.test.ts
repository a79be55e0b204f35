// The live dashboard in a real browser: what it shows, its colours and widths, keys, buttons, names
// that look like markup, and a reload under its eyes. HAWSER_SCREENSHOTS=FOLDER keeps the pictures.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Browser, startBrowser, withoutBrowser } from '../harness/browser.ts';
import { startOrigin } from '../harness/origin.ts';
import {
  exchange,
  inherited,
  type Owner,
  request,
  type RunningProxy,
  startProxy,
} from '../harness/proxy.ts';

const config = (origin: number): string => `global
  nbthread 2
  node lb1
  description "<b>Shop</b> & more"
  hard-stop-after 30s
defaults
  mode http
  timeout client 10s
  timeout server 5s
  timeout connect 1s
frontend web
  bind "${inherited('web')}"
  http-request track-sc0 hdr(x-from) table site
  default_backend site
frontend operators
  bind "${inherited('operators')}"
  stats uri /stats
  stats dashboard
  stats auth ann:secret
  stats admin if TRUE
  stats show-node
  stats show-desc
  stats scope web
  stats scope site
  stats scope spare
backend site
  stick-table type string len 40 size 100 expire 1m store http_req_rate(10s),http_req_cnt
  server one 127.0.0.1:${origin}
  server two 127.0.0.1:${origin}
backend spare
  server cold 127.0.0.1:1 disabled
`;

const script = '<img src=x onerror=document.title=1>';
const get = `GET / HTTP/1.1\r\nHost: here\r\nX-From: ${script}\r\nConnection: close\r\n\r\n`;

async function startSite(owner: Owner) {
  const origin = await startOrigin(owner, (heard) =>
    heard.endsWith('\r\n\r\n') ? 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' : null,
  );
  const args = ['-W', '-S', inherited('mcli')];
  const text = config(origin.port);
  const proxy = startProxy(owner, { config: text, args });
  await proxy.printed('Loading success.');
  return { proxy, text };
}

const address = (port: number): string => `http://ann:secret@127.0.0.1:${port}/stats/live`;

/** The text of a server's line, or one cell of it. */
const line = (name: string, cell = ''): string =>
  `[...document.querySelectorAll('.lines tbody tr')].find((row) => row.cells[0].textContent === '${name}')${cell}`;

async function overflow(browser: Browser): Promise<unknown> {
  return await browser.value(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
}

const opened = "document.querySelector('#link')?.textContent === 'Live'";

async function showsNumbers(browser: Browser, proxy: RunningProxy): Promise<void> {
  for (let i = 0; i < 20; i++) await request(proxy.port('web'), get);
  await browser.until(`Number(${line('Frontend')}?.cells[9].textContent) >= 20`);
  assert.equal(await browser.value("document.querySelector('#node').textContent"), 'lb1');
  const shown = await browser.value("document.querySelector('#description').textContent");
  assert.equal(shown, '<b>Shop</b> & more');
  assert.equal(await browser.value("document.querySelectorAll('#charts canvas').length"), 6);
  await browser.until(
    "/p95 [0-9]/.test(document.querySelector('#charts figure:nth-child(3) .plot').ariaLabel)",
  );
  await browser.until(`document.querySelector('#tables tbody th')?.textContent.includes('img')`);
  assert.equal(await browser.value("document.querySelectorAll('img').length"), 0);
  assert.equal(await browser.value('document.title'), '(1 down) lb1 live');
  const names = await browser.value(
    "[...document.querySelectorAll('.proxy summary b')].map((name) => name.textContent).join()",
  );
  assert.equal(names, 'web,site,spare');
}

async function hasColoursAndWidths(browser: Browser): Promise<void> {
  const ground = 'getComputedStyle(document.body).backgroundColor';
  const dark = await browser.value(ground);
  assert.ok((await browser.screenshot('dashboard-dark')).length > 20_000);
  await browser.show({ width: 1400, height: 900, scheme: 'light' });
  await browser.until(`${ground} !== '${dark}'`);
  await browser.screenshot('dashboard-light');
  assert.equal(await overflow(browser), 0);
  await browser.show({ width: 390, height: 844, scheme: 'light' });
  await browser.until("document.querySelector('.uplot').offsetWidth < 390");
  assert.equal(await overflow(browser), 0);
  await browser.screenshot('dashboard-phone');
  await browser.show({ width: 1400, height: 900, scheme: 'dark' });
}

async function obeysKeys(browser: Browser): Promise<void> {
  await browser.key('/');
  assert.equal(await browser.value('document.activeElement.id'), 'filter');
  for (const letter of 'two') await browser.key(letter);
  await browser.until(`${line('one')}.hidden && !${line('two')}.hidden`);
  assert.equal(await browser.value("document.querySelector('.proxy').hidden"), true);
  await browser.key('Escape');
  await browser.until(`!${line('one')}.hidden`);
  await browser.key('t');
  assert.equal(await browser.value('document.documentElement.dataset.theme'), 'light');
  for (let i = 0; i < 2; i++) await browser.key('t');
  assert.equal(await browser.value('document.documentElement.dataset.theme'), 'dark');
  const unreachable = "[...document.querySelectorAll('button')].filter((b) => b.tabIndex < 0)";
  assert.equal(await browser.value(`${unreachable}.length`), 0);
}

async function changesServers(browser: Browser): Promise<void> {
  await browser.value(`${line('one')}.querySelector('[data-action=drain]').click()`);
  await browser.until(`${line('one')}.querySelector('.badge').textContent === 'DRAIN'`);
  await browser.until("document.querySelector('#notice').textContent === 'one, drain: done'");
  const pressed = `${line('one')}.querySelector('[aria-pressed=true]').dataset.action`;
  assert.equal(await browser.value(pressed), 'drain');
  await browser.until("/one.*drain/i.test(document.querySelector('#events').textContent)");
  // The last server that takes traffic is asked about first.
  await browser.value('window.confirm = (text) => { window.asked = text; return false; }');
  await browser.value(`${line('two')}.querySelector('[data-action=maint]').click()`);
  assert.match(String(await browser.value('window.asked')), /two is the last server of site/);
  await browser.value(`${line('one')}.querySelector('[data-action=ready]').click()`);
  await browser.until(`${line('one')}.querySelector('.badge').textContent === 'no check'`);
}

async function outlivesReload(browser: Browser, proxy: RunningProxy, text: string): Promise<void> {
  const worker = "document.querySelector('#process dd').textContent";
  const before = await browser.value(worker);
  // What was wrong stands below the sentence, as in a terminal.
  proxy.configure(`${text}  nonsense\n`);
  assert.match(await exchange(proxy.port('mcli'), 'reload\n'), /^Success=0/);
  await browser.until("/nonsense\\n +\\^/.test(document.querySelector('#loads pre')?.textContent)");
  proxy.configure(text);
  assert.match(await exchange(proxy.port('mcli'), 'reload\n'), /^Success=1/);
  await browser.until(`${worker} !== '${before}'`);
  await browser.until("document.querySelector('#link').textContent === 'Live'");
  await browser.until("/Reloaded.*Started/s.test(document.querySelector('#loads').textContent)");
  // The new process has another token; the page knows it.
  await browser.value(`${line('two')}.querySelector('[data-action=drain]').click()`);
  await browser.until(`${line('two')}.querySelector('.badge').textContent === 'DRAIN'`);
}

test('the page in a browser', { skip: withoutBrowser }, async (context) => {
  const { proxy, text } = await startSite(context);
  const browser = await startBrowser(context);
  await browser.show({ width: 1400, height: 900, scheme: 'dark' });
  await browser.open(address(proxy.port('operators')));
  await browser.until(opened);
  await context.test('numbers, charts and names', () => showsNumbers(browser, proxy));
  await context.test('dark, light, and the width of a phone', () => hasColoursAndWidths(browser));
  await context.test('keys: a filter, colours, and every button can be reached', () =>
    obeysKeys(browser),
  );
  await context.test('buttons change servers', () => changesServers(browser));
  await context.test('a reload under its eyes', () => outlivesReload(browser, proxy, text));
  assert.deepEqual(browser.complaints, []);
  await browser.close();
  await proxy.stop('SIGTERM');
});
