// Every row has an example that loads without an alert; every word of the reference is either a
// row, known as not working yet, or known as removed; and all of those are refused by name.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  bindKeywords,
  configKeywords,
  globalKeywords,
  httpErrorsKeywords,
  proxySectionKeywords,
  sectionNames,
  serverKeywords,
  userlistKeywords,
} from './catalog.ts';
import { loadConfiguration } from './load.ts';
import { fcgiAppSection } from './sections/fcgi-app.ts';
import {
  obsoleteBind,
  obsoleteWords,
  unsupportedBind,
  unsupportedGlobal,
  unsupportedProxy,
  unsupportedSections,
  unsupportedServer,
} from './unsupported.ts';

const folder = mkdtempSync(join(tmpdir(), 'hawser-catalog-'));
after(() => rmSync(folder, { recursive: true }));
for (const name of ['site.pem', 'client.pem']) {
  writeFileSync(join(folder, name), '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n');
}

const load = (text: string) =>
  loadConfiguration({ files: [], texts: [{ name: 'case', text }], environment: { SITE: 'here' } });

const messages = (text: string): string[] =>
  load(text).diagnostics.list.map(({ severity, message }) => `${severity}: ${message}`);

const frame = (global: string, listen: string): string =>
  `global\n  expose-experimental-directives\n  crt-base ${folder}\n  ${global}\n` +
  'http-errors sorry\n  errorfile 503 /dev/null\n' +
  'fcgi-app php\n  docroot /srv\n' +
  'backend self\n  mode http\n' +
  'listen case\n  mode http\n  timeout client 1s\n  timeout server 1s\n' +
  `  timeout connect 1s\n  ${listen}\n`;

const listening = 'bind 127.0.0.1:1';

function loadsWell(text: string, example: string): void {
  const { list } = load(text).diagnostics;
  // No machine has the namespace of the examples.
  const alerts = list.filter(
    ({ severity, message }) => severity === 'alert' && !message.startsWith('Cannot open namespace'),
  );
  assert.deepEqual(
    alerts.map(({ message }) => message),
    [],
    example,
  );
}

test('each global example loads', () => {
  for (const row of globalKeywords.values()) {
    loadsWell(frame(row.example, listening), row.example);
    assert.ok(row.help.length > 3, row.name);
  }
});

test('each proxy example loads, in a named defaults section too where that is legal', () => {
  for (const row of proxySectionKeywords.values()) {
    const words = row.name === 'use-fcgi-app' ? ' proto fcgi' : '';
    const servers = row.name === 'server' ? '' : `\n  server s1 127.0.0.1:80${words}`;
    // An external check needs its command, and leave to run one.
    const before = `${listening}${servers}\n  external-check command /bin/true`;
    loadsWell(frame('external-check', `${before}\n  ${row.example}`), row.example);
    assert.ok(row.help.length > 3, row.name);
    const inDefaults = messages(`defaults named\n  ${row.example}\n`);
    const refused = inDefaults.some((message) => message.includes('not allowed in'));
    assert.equal(refused, row.defaults === 'no', row.name);
  }
});

test('each bind and server example loads', () => {
  for (const row of bindKeywords) {
    const certificate = row.tls === true && row.name !== 'ssl' ? ' ssl crt site.pem' : '';
    // A reversed line needs a server that it can connect to.
    const target = row.name === 'nbconn' ? 'backend be\n  server s 127.0.0.1:80 proto h2\n' : '';
    const text = frame('expose-experimental-directives', `${row.example}${certificate}`);
    loadsWell(`${text}${target}`, row.example);
  }
  for (const row of serverKeywords) {
    loadsWell(frame('ssl-server-verify none', `${listening}\n  ${row.example}`), row.example);
  }
});

test('each userlist and http-errors example loads', () => {
  for (const row of userlistKeywords) {
    const text = `userlist u\n  group admins\n  user bob\n  ${row.example}\n`;
    const whole = text.includes('user ann') ? text : `${text}  user ann\n`;
    loadsWell(whole, row.example);
  }
  for (const row of httpErrorsKeywords) loadsWell(`http-errors e\n  ${row.example}\n`, row.example);
});

test('each fcgi-app example loads, and HAProxy words alone can be negated', () => {
  for (const row of fcgiAppSection.rows) {
    loadsWell(`fcgi-app a\n  docroot /srv\n  ${row.example}\n`, row.example);
    assert.ok(row.help.length > 3, row.name);
    const isSwitch = row.name.startsWith('option ') && row.name !== 'option max-reqs';
    const refused = messages(`fcgi-app a\n  docroot /srv\n  no ${row.name}\n`);
    assert.deepEqual(refused.length, isSwitch ? 0 : 1, `no ${row.name}: ${refused}`);
  }
});

test('words that do not work yet are refused by name, with their place', () => {
  const cases: [string, readonly string[], (word: string) => string][] = [
    ['global', unsupportedGlobal, (word) => `global\n  ${word} x\n`],
    ['proxy', unsupportedProxy, (word) => `listen l\n  ${word} x\n`],
    ['bind', unsupportedBind, (word) => `listen l\n  bind :1 ${word}\n`],
    ['server', unsupportedServer, (word) => `listen l\n  server s :1 ${word}\n`],
    ['section', unsupportedSections, (word) => `#\n${word} x\n`],
  ];
  for (const [kind, words, text] of cases) {
    for (const word of words) {
      const found = load(text(word)).diagnostics.list[0];
      const name = kind === 'option' ? `option ${word}` : word;
      assert.deepEqual(
        [found.severity, found.line, found.message],
        ['alert', 2, `'${name}' is not supported yet`],
      );
      // Of two words the second is the one that is not known.
      const second = word.slice(word.indexOf(' ') + 1);
      assert.equal(found.text.slice(found.column - 1).startsWith(second), true, word);
    }
  }
});

test('words that were removed say what replaces them', () => {
  for (const [word, instead] of Object.entries(obsoleteWords)) {
    const section = word === 'nbproc' || word === 'tune.chksize' ? 'global' : 'listen l';
    const [found] = load(`${section}\n  ${word} x\n`).diagnostics.list;
    assert.match(found.message, /is not supported anymore/, word);
    assert.ok(found.message.includes(instead), word);
  }
});

test('words of bind lines that were removed say what replaces them', () => {
  for (const [word, instead] of Object.entries(obsoleteBind)) {
    const [found] = load(`listen l\n  bind :1 ${word} x\n`).diagnostics.list;
    assert.equal(found.message, `'${word}' is not supported anymore, ${instead}.`);
  }
});

/** First words of rows: `option x` and `timeout x` are one family each. */
const firstWords = (names: Iterable<string>): Set<string> =>
  new Set([...names].map((name) => name.split(' ')[0]));

test('every configuration word of the reference is known', () => {
  const path = join(process.cwd(), 'test/parity/config-keywords.txt');
  const lines = readFileSync(path, 'latin1').split('\n').slice(1, -1);
  const obsolete = Object.keys(obsoleteWords);
  const options = [...proxySectionKeywords.keys()].filter((name) => name.startsWith('option '));
  const known: Record<string, Set<string>> = {
    section: new Set([...sectionNames, ...unsupportedSections]),
    global: new Set([...firstWords(globalKeywords.keys()), ...unsupportedGlobal, ...obsolete]),
    proxy: new Set([...firstWords(proxySectionKeywords.keys()), ...unsupportedProxy, ...obsolete]),
    option: new Set([...options, ...obsolete].map((name) => name.replace('option ', ''))),
    bind: new Set([
      ...bindKeywords.map(({ name }) => name),
      ...unsupportedBind,
      ...Object.keys(obsoleteBind),
    ]),
    server: new Set([...serverKeywords.map(({ name }) => name), ...unsupportedServer]),
    userlist: new Set(userlistKeywords.map(({ name }) => name)),
  };
  assert.ok(lines.length > 600);
  for (const line of lines) {
    const [kind, word] = line.split(' ');
    assert.ok(known[kind].has(word), line);
  }
});

test('no word is both a row and refused', () => {
  const rows = [
    [globalKeywords.keys(), unsupportedGlobal],
    [proxySectionKeywords.keys(), unsupportedProxy],
    [bindKeywords.map(({ name }) => name), unsupportedBind],
    [serverKeywords.map(({ name }) => name), unsupportedServer],
    [sectionNames, unsupportedSections],
  ] as const;
  for (const [names, refused] of rows) {
    for (const name of names) assert.ok(!refused.includes(name), name);
  }
});

test('the list for -dKall has the forms of the reference', () => {
  const names = configKeywords().map((one) => `${one.class} ${one.name}`);
  for (const name of [
    'global tune.bufsize',
    'listen timeout client',
    'bind bind <addr> maxconn +1',
    'bind bind <addr> ssl crt +1',
    'server server <name> <addr> backup',
    'server server <name> <addr> source +-1',
    'option option nolinger [ FE BE ]',
    'option option http-buffer-request [ FE BE HTTP ]',
    'userlist user',
  ]) {
    assert.ok(names.includes(name), name);
  }
  assert.equal(new Set(names).size, names.length);
});
