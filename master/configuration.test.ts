// Loading for a start: what is printed and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Diagnostics, diagnosticText } from '../shared/config/diagnostic.ts';
import { type Check, hasListener, load } from './configuration.ts';
import { Console } from './console.ts';
import { defaultFlags, type Flags } from './flags.ts';

const good = `global
    maxconn 10
defaults
    mode http
    timeout client 1s
    timeout server 1s
    timeout connect 1s
frontend one
    bind 127.0.0.1:1
`;

async function run(text: string, change: Partial<Flags> = {}, check: Check | null = null) {
  const lines: string[] = [];
  const console = new Console('0', 'hawser', (level, message) => lines.push(`${level} ${message}`));
  const flags = { ...defaultFlags(), ...change };
  const texts = [{ name: 'cfg', text }];
  const { model } = await load({
    flags,
    console,
    environment: {},
    texts,
    check: check === null ? null : async () => check,
    always: true,
  });
  return { model, lines };
}

function finding(severity: 'alert' | 'warning'): Check {
  return () => {
    const diagnostics = new Diagnostics();
    diagnostics.add(severity, { file: 'cfg', line: 8, column: 0 }, 'found by the compiler');
    return { diagnostics };
  };
}

test('the command line has the last word', async () => {
  const change = {
    maxconn: 20,
    daemon: true,
    foreground: true,
    master: true,
    pidfile: '/x',
    zeroWarning: true,
    verifyServers: false,
    fastForward: false,
    zeroCopy: false,
    splice: false,
  };
  const { model, lines } = await run(good, change);
  assert.ok(model !== null);
  const { global } = model;
  assert.deepEqual(lines, []);
  assert.equal(global.maxconn, 20);
  assert.equal(global.daemon, false);
  assert.equal(global.masterWorker, true);
  assert.equal(global.pidfile, '/x');
  assert.equal(global.tune.disableFastForward, true);
  assert.equal(global.tune.disableZeroCopyForwarding, true);
  assert.equal(global.tune.splice, false);
  assert.equal(global.ssl.serverVerify, 'none');
  assert.ok(hasListener(model));
});

test('mistakes of reading and of compiling are reported together', async () => {
  const { model, lines } = await run(`${good}    nonsense\n`, {}, finding('alert'));
  assert.equal(model, null);
  assert.equal(lines.length, 4);
  assert.match(lines[0], /^ALERT config : parsing \[cfg:10\] : unknown keyword 'nonsense'/);
  assert.equal(lines[1], 'ALERT config : parsing [cfg:8] : found by the compiler');
  assert.equal(lines[2], 'ALERT config : Error(s) found in configuration file : cfg');
  assert.equal(lines[3], 'ALERT config : Fatal errors found in configuration.');
});

test('what is said twice is an alert that stops nothing', async () => {
  const { model, lines } = await run(good.replace('maxconn 10', 'maxconn 10\n    maxconn 20'));
  assert.ok(model !== null);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /^ALERT config : parsing \[cfg:3\] : 'maxconn' already specified/);
});

test('a warning is fatal only under -dW', async () => {
  assert.ok((await run(good, {}, finding('warning'))).model !== null);
  const { model, lines } = await run(good, { zeroWarning: true }, finding('warning'));
  assert.equal(model, null);
  assert.match(lines.at(-1) ?? '', /'zero-warning' is set/);
});

test('the caret stands below its word', () => {
  const text = diagnosticText({
    severity: 'alert',
    file: 'a',
    line: 3,
    column: 3,
    message: 'wrong',
    hint: "did you mean 'right'?",
    text: '\t wrnog x',
  });
  assert.equal(text, "config : parsing [a:3] : wrong; did you mean 'right'?\n  wrnog x\n  ^");
});
