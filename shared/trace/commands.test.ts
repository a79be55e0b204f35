// The grammar of `trace`: answers were recorded with HAProxy 3.5-dev5, for the sources we have.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTrace, showTrace, type TraceScene, traceSinks } from './commands.ts';
import { makeTraces, passEvent, type TraceSubject } from './settings.ts';
import { sourceH1, sourceSession, traceError, traceState, traceUser } from './sources.ts';

const newScene = (): TraceScene => ({
  words: makeTraces(),
  sinks: traceSinks([
    { name: 'buf0', description: 'in-memory ring buffer' },
    { name: 'r', description: 'r' },
  ]),
});

const say = (scene: TraceScene, line: string): string => runTrace(scene, line.split(' ')).text;

const answers: readonly (readonly [line: string, answer: string])[] = [
  ['foo', "No such trace source 'foo'\n"],
  ['0', 'All traces now stopped\n'],
  ['h1 foo', "Unknown trace keyword 'foo'\n"],
  ['h1 sink foo', "No such trace sink 'foo' \n"],
  ['h1 lock foo', "Unsupported lock-on criterion 'foo'\n"],
  ['h1 event foo', "No such trace event 'foo'\n"],
  ['h1 start -foo', "No such trace event 'foo'\n"],
  ['h1 follow foo', "No such trace source 'foo'\n"],
  ['all verbosity quiet', "'verbosity' not applicable to meta-source 'all'\n"],
  ['all event any', "'event' not applicable to meta-source 'all'\n"],
  ['all start now', "'start' not applicable to meta-source 'all'\n"],
  ['all level developer', ''],
  ['all sink r', ''],
  ['h1 sink r level developer verbosity complete start now', ''],
  [
    'h1 level',
    'Supported trace levels for source h1:\n' +
      '    error      : report errors\n' +
      '  * user       : also information useful to the end user\n' +
      '    proto      : also protocol-level updates\n' +
      '    state      : also report internal state changes\n' +
      '    data       : also report data transfers\n' +
      '    developer  : also report information useful only to the developer\n',
  ],
  [
    'session verbosity',
    'Supported trace verbosities for source session:\n' +
      '    quiet      : only report basic information with no decoding\n' +
      '  * default    : report extra information when available\n',
  ],
  [
    'session lock',
    'Supported lock-on criteria for source session:\n' +
      '    frontend   : lock on the frontend that started the trace\n' +
      '    listener   : lock on the listener that started the trace\n' +
      '  * nothing    : do not lock on anything\n' +
      '    session    : lock on the session that started the trace\n' +
      '    thread     : lock on the thread that started the trace\n',
  ],
  [
    'session start',
    'Supported events for source session (+=enabled, -=disabled):\n' +
      "  - now          : don't wait for events, immediately change the state\n" +
      '  - none         : disable all event types\n' +
      '  - any          : enable all event types\n' +
      '  - sess_new     : new session creation\n' +
      '  - sess_end     : session termination\n' +
      '  - sess_err     : session error\n',
  ],
  [
    'h1 sink',
    'Supported sinks for source h1 (*=current):\n' +
      '  * none       : no sink\n' +
      '    stdout     : standard output (fd#1)\n' +
      '    stderr     : standard output (fd#2)\n' +
      '    buf0       : in-memory ring buffer\n' +
      '    r          : r\n',
  ],
];

for (const [line, answer] of answers) {
  test(`trace ${line}`, () => assert.equal(say(newScene(), line), answer));
}

test('words that a command has changed are shown', () => {
  const scene = newScene();
  assert.equal(say(scene, 'session sink r start sess_new pause sess_end event -sess_err'), '');
  assert.equal(
    showTrace(scene, 'session').text,
    'Trace status for session:\n' +
      '  - sink: r [0 dropped]\n' +
      '  - event name   :     report    start    stop    pause\n' +
      '    sess_new     :        +        +        -       -\n' +
      '    sess_end     :        +        -        -       +\n' +
      '    sess_err     :        -        -        -       -\n',
  );
  const shown = showTrace(scene, '').text;
  assert.match(
    shown,
    /^Supported trace sources and states \(\.=stopped, w=waiting, R=running\) :$/m,
  );
  assert.match(shown, /^ \[\.\] h1 {9}-> none \[drp 0\] {2}\[HTTP\/1 multiplexer\]$/m);
  assert.match(shown, /^ \[w\] session {4}-> r \[drp 0\] {2}\[client session management\]$/m);
  assert.equal(showTrace(scene, 'foo').text, 'No such trace source\n');
  assert.match(say(scene, 'h1 follow session'), /^$/);
  assert.match(say(scene, 'h1 follow'), /^Currently following source 'session'\.\nPlease specify/);
});

const nobody: TraceSubject = {
  ...{ backend: 0, connection: 0, frontend: 0, listener: 0 },
  ...{ server: 0, session: 0, stream: 0, thread: 1 },
};

test('start, pause and stop events; a lock holds what has begun', () => {
  const { words, ...rest } = newScene();
  const scene = { words, ...rest };
  const event = (index: number, session: number, level = traceUser): boolean =>
    passEvent(words, sourceSession, { bit: 1 << index, level }, { ...nobody, session });
  assert.equal(event(0, 7), false, 'stopped');
  say(scene, 'session lock session start sess_new pause sess_end stop sess_err');
  assert.equal(event(1, 7), false, 'waits for its start');
  assert.equal(event(0, 7), true);
  assert.equal(event(0, 8), false, 'locked on another');
  const followed = { ...nobody, session: 7 };
  say(scene, 'h1 follow session');
  assert.equal(passEvent(words, sourceH1, { bit: 1, level: traceUser }, followed), true);
  assert.equal(passEvent(words, sourceH1, { bit: 1, level: traceUser }, nobody), false);
  assert.equal(event(1, 7), true, 'the last one before the pause');
  assert.equal(event(1, 7), false, 'paused');
  assert.equal(event(0, 8), true, 'starts again, on another');
  assert.equal(event(0, 8, traceState), false, 'beyond the level');
  assert.equal(event(2, 8, traceError), true, 'the last one before the stop');
  assert.equal(event(0, 9), false, 'stopped');
});
