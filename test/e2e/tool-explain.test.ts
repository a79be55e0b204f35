// `hawser explain` as people and scripts call it, bundled and not, on the examples and on mistakes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Explanation } from '../../shared/explanation.ts';
import { bundledProgram } from '../harness/proxy.ts';
import { runTool } from '../harness/tool.ts';

test('an example, for people', async () => {
  const request = ['http://shop.example.com/hello', '--from', '127.0.0.1'];
  const { status, out, err } = await runTool(['explain', 'examples/rules.cfg', ...request]);
  assert.equal(status, 0, err);
  assert.match(
    out,
    /^frontend rules, bind 127\.0\.0\.1:8080 \(examples\/rules\.cfg:\d+\)\n\nrules\n/,
  );
  assert.match(
    out,
    /\d+ {2}yes {2}http-request set-var\(txn\.tenant\) .*\n +req\.hdr\(host\).* = "shop"/,
  );
  assert.match(out, /yes {2}http-request return .* if { path \/hello } {2}-> answers\n/);
  assert.match(out, /\n +path \/hello matches: "\/hello"\n/);
  assert.match(out, /\nanswered by the proxy, no server gets it\n/);
  assert.match(out, /the client gets:\n {2}HTTP\/1\.1 200 OK\n[\s\S]*\n {2}hello shop\n/);
  assert.match(out, /\nlog:\n {2}127\.0\.0\.1 GET \/hello 200 /);
});

test('the bundled program explains as well, as JSON', () => {
  const words = ['explain', '--json', 'examples/reverse-proxy.cfg', '/'];
  const program = fileURLToPath(bundledProgram);
  const { status, stdout } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  assert.equal(status, 0);
  const told = JSON.parse(stdout) as Explanation;
  assert.equal(told.outcome, 'server');
  assert.notEqual(told.server, '');
});

test('what cannot be tried is told, with statuses', async () => {
  const broken = await runTool(['explain', '-', '/'], 'frontend f\n  nonsense\n');
  assert.equal(broken.status, 1);
  assert.match(broken.err, /unknown keyword 'nonsense'[\s\S]*cannot be started \(1 error/);
  const port = await runTool(['explain', 'examples/rules.cfg', 'http://x:1/']);
  assert.equal(port.status, 1);
  assert.match(port.err, /nobody listens in clear at port 1; there are: rules at /);
  assert.equal((await runTool(['explain', '/'])).status, 2);
  assert.equal((await runTool(['explain', 'examples/rules.cfg', 'gopher://x'])).status, 2);
});
