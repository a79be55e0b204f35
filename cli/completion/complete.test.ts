// What is offered at the cursor, and that three real shells understand their scripts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Owner } from '../../test/harness/proxy.ts';
import { noTmux, Terminal } from '../../test/harness/terminal.ts';
import { runTool } from '../../test/harness/tool.ts';
import { type Shell, scripts } from './scripts.ts';

async function offered(...words: string[]): Promise<string[]> {
  const { out } = await runTool(['__complete', ...words]);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/\t.*/, ''));
}

test('words, options, choices and files', async () => {
  assert.deepEqual(await offered('ex'), ['explain']);
  assert.deepEqual(await offered('check', '--s'), ['--strict']);
  assert.deepEqual(await offered('top', '--sort', 're'), ['requests', 'response']);
  assert.deepEqual(await offered('top', '--kind', 'b'), ['backend']);
  assert.deepEqual(await offered('completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(await offered('state', 'e'), ['export', ':files']);
  assert.deepEqual(await offered('fmt', 'x'), [':files']);
  assert.deepEqual(await offered('status', '--socket', ''), [':files']);
  assert.deepEqual(await offered('-f', ''), [':files']);
  assert.ok((await offered('help', 'set-var')).includes('set-var-fmt'));
});

test('without a proxy there are no names, and nothing is said', async () => {
  const words = ['__complete', 'cli', '--socket', '/nowhere', 'show', ''];
  assert.deepEqual(await runTool(words), { status: 0, out: '', err: '' });
});

test('every word of the tool has a description', async () => {
  const { out } = await runTool(['__complete', '']);
  for (const line of out.trimEnd().split('\n')) assert.match(line, /^[a-z]+\t\S/);
});

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const without = (shell: Shell): string | false =>
  has(shell) ? false : `${shell} is not installed`;

/** A folder with a `hawser` for $PATH and the script of the shell. */
function prepare(owner: Owner, shell: Shell): string {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-completion-'));
  owner.after(async () => rmSync(folder, { recursive: true }));
  const program = fileURLToPath(new URL('../main.js', import.meta.url));
  writeFileSync(
    join(folder, 'hawser'),
    `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`,
  );
  chmodSync(join(folder, 'hawser'), 0o755);
  writeFileSync(join(folder, 'script'), scripts[shell]);
  return folder;
}

function ask(folder: string, program: string, ...args: string[]): string {
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
  const { stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8', cwd: folder });
  assert.equal(stderr, '');
  return stdout;
}

test('bash', { skip: without('bash') }, (t) => {
  const folder = prepare(t, 'bash');
  const complete = (...words: string[]): string[] => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const line =
      `source script; COMP_WORDS=(hawser ${list}); COMP_CWORD=${words.length}; _hawser; ` +
      'printf "%s\\n" "${' +
      'COMPREPLY[@]}"';
    return ask(folder, 'bash', '--norc', '-c', line).trim().split('\n');
  };
  assert.deepEqual(complete('sta'), ['start', 'status', 'state']);
  assert.deepEqual(complete('top', '--sort', 'q'), ['queue']);
  assert.deepEqual(complete('check', 'scr'), ['script']);
  assert.deepEqual(complete('-f', 'scr'), ['script']);
});

test('fish', { skip: without('fish') }, (t) => {
  const folder = prepare(t, 'fish');
  const complete = (line: string): string =>
    ask(folder, 'fish', '--no-config', '-c', `source script; complete -C '${line}'`);
  assert.match(complete('hawser exp'), /^explain\twhat a configuration makes of a request/);
  assert.match(complete('hawser top --sort q'), /^queue\s*$/);
  assert.match(complete('hawser check scr'), /^script/);
});

test('zsh', { skip: without('zsh') || noTmux }, async (t) => {
  const folder = prepare(t, 'zsh');
  const start = `cd '${folder}'; PATH="${folder}:$PATH" PS1='ready> ' zsh -f -i`;
  const terminal = new Terminal(t, start, [100, 20]);
  await terminal.shows(/^ready>/m);
  terminal.type('autoload -U compinit; compinit -D -u; source ./script; print loaded', 'Enter');
  await terminal.shows(/^loaded$/m);
  // A tab that comes together with other keys would be pasted text.
  for (const [typed, completed] of [
    ['hawser exp', /^ready> hawser explain$/m],
    [' scr', /^ready> hawser explain script$/m],
  ] as const) {
    terminal.type(typed);
    await terminal.shows(new RegExp(`${typed}$`, 'm'));
    terminal.type('Tab');
    await terminal.shows(completed);
  }
  terminal.type('C-u', 'hawser top --sort ');
  await terminal.shows(/^ready> hawser top --sort$/m);
  terminal.type('Tab');
  await terminal.shows(/requests/);
});
