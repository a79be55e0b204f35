// The command line: every flag's effect, every mistake, in the order the words stand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultFlags, type Flags, type FlagsResult, flagTable, parseFlags } from './flags.ts';

/** The command that one source of -dt becomes. */
function traced(source: string, level: string, verbosity = ''): readonly string[] {
  const more = verbosity === '' ? [] : ['verbosity', verbosity];
  return [source, 'sink', 'stderr', 'level', level, ...more, 'start', 'now'];
}

test('flags set what the manual says', () => {
  const cases: [string, Partial<Flags>][] = [
    ['', {}],
    ['-f a -f b', { files: ['a', 'b'] }],
    ['-f a -- b -c', { files: ['a', 'b', '-c'] }],
    ['-C /x', { directory: '/x' }],
    ['-D', { daemon: true }],
    ['-L here', { peerName: 'here' }],
    ['-N 10 -n 20x -m 30', { proxyMaxconn: 10, maxconn: 20, memoryMegabytes: 30 }],
    ['-p /x.pid', { pidfile: '/x.pid' }],
    ['-q -V', { quiet: true, verbose: true }],
    ['-W', { master: true }],
    ['-Ws', { master: true, notify: true, foreground: true }],
    ['-c', { check: true }],
    ['-cc 1&&0', { condition: '1&&0' }],
    ['-d', { debug: true }],
    ['-db', { foreground: true }],
    ['-dD -dF -dI', { diagnostics: true, fastForward: false, insecureFork: true }],
    ['-dKall,cfg', { dumpKeywords: 'all,cfg' }],
    ['-dL', { dumpLibraries: true }],
    ['-dM -dM0x50 -dM80,tag,no-merge -dMpoison', {}],
    ['-dR -dS', { reusePort: false, splice: false }],
    ['-dV -dW -dZ', { verifyServers: false, zeroWarning: true, zeroCopy: false }],
    ['-dk -dp -dv -dT', {}],
    ['-dr', { resolutionMayFail: true }],
    ['-dt h1:user -q', { traces: [traced('h1', 'user')], quiet: true }],
    [
      '-dt h1:user:quiet,check -q',
      {
        traces: [traced('h1', 'user', 'quiet'), traced('check', 'error')],
        quiet: true,
      },
    ],
    ['-4', { onlyIpv4: true }],
    ['-S /x,level,user -S fd@3', { masterSockets: ['/x,level,user', 'fd@3'] }],
    ['-sf 1 2 -db', { oldPids: [1, 2], foreground: true }],
    ['-sf -db', { foreground: true }],
    ['-st 3', { oldPids: [3], oldSignal: 'SIGTERM' }],
    ['-x /old.sock', { oldSocket: '/old.sock' }],
  ];
  for (const [line, expected] of cases) {
    const result = parseFlags(line.split(' ').filter((word) => word !== ''));
    assert.ok(result.kind === 'run', line);
    assert.deepEqual(result.flags, { ...defaultFlags(), ...expected }, line);
  }
});

test('flags that end the reading', () => {
  const cases: [string, Partial<FlagsResult>][] = [
    ['-v -z', { kind: 'version', form: 'line' }],
    ['-vv', { kind: 'version', form: 'full' }],
    ['-vq', { kind: 'version', form: 'plain' }],
    ['-vqs', { kind: 'version', form: 'short' }],
    ['-vqb', { kind: 'version', form: 'branch' }],
    ['word', { kind: 'mistake', message: "Unknown flag 'word'.", usage: true }],
    ['-z 1', { kind: 'mistake', message: "Unknown flag '-z'.", usage: true }],
    ['-f', { message: "'-f' needs a value: load a configuration file or every .cfg of a folder." }],
    ['-cc', { kind: 'mistake', message: '', usage: true }],
    ['--long', { kind: 'mistake', message: "Unknown flag '--long'.", usage: true }],
    ['-sf 0', { kind: 'mistake', message: '', usage: true }],
    ['-n none', { message: "-n needs a number, not 'none'.", usage: false }],
    ['-sf 1x', { message: '-sf option: some bytes unconsumed in PID list {1x}', usage: false }],
    ['-x', { message: 'Unix socket path expected with the -x flag', usage: true }],
    ['-dMnonsense', { message: "-dM: unknown debug option 'nonsense'", usage: false }],
    ['-de', { message: '-de: another poller than epoll is not supported yet.' }],
  ];
  for (const [line, expected] of cases) {
    const result = parseFlags(line.split(' '));
    assert.deepEqual({ ...result, ...expected }, result, line);
  }
});

test('-x twice is warned about', () => {
  const result = parseFlags(['-x', 'a', '-x', 'b']);
  assert.ok(result.kind === 'run');
  assert.deepEqual(result.warnings, ['-x option already set, overwriting the value']);
  assert.equal(result.flags.oldSocket, 'b');
});

test('-dM help lists the options and ends', () => {
  const result = parseFlags(['-dMhelp']);
  assert.ok(result.kind === 'text');
  assert.match(result.text, /cold-first +\/ hot-first/);
});

test('every flag has one row and a help', () => {
  const names = flagTable.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, help } of flagTable) assert.ok(help.length > 0, name);
});

test('-dt: every source without words, mistakes in words', () => {
  const all = parseFlags(['-dt']);
  assert.ok(all.kind === 'run');
  assert.deepEqual(
    all.flags.traces.map(([source]) => source),
    ['h1', 'h2', 'stream', 'session', 'check', 'peers', 'reload', 'fcgi'],
  );
  const levels = "'error', 'user', 'proto', 'state', 'data', and 'developer'";
  const wrong: readonly (readonly [string, string])[] = [
    ['foo', "-dt: unknown trace source 'foo'."],
    ['h1:foo', `-dt: no such trace level 'foo', available levels are ${levels}.`],
    [
      'session:user:foo',
      "-dt: no such trace verbosity 'foo' for source 'session', available verbosities for this " +
        "source are: 'quiet', and 'default'.",
    ],
  ];
  for (const [text, message] of wrong) {
    const result = parseFlags(['-dt', text]);
    assert.deepEqual(result, { kind: 'mistake', message, usage: false });
  }
  assert.equal(parseFlags(['-dt', 'help']).kind, 'text');
});
