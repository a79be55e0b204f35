// `trace` and `show trace` (management.txt 9.3): words that change or list what is traced. The same
// grammar in `traces` sections and in the runtime API; an answer is '' or text for the operator.

import { lockCriteria, type TraceEvent, traceLevels, traceSources } from './sources.ts';
import * as settings from './settings.ts';

/** A place that traces may go to. */
export interface TraceSink {
  readonly name: string;
  readonly help: string;
}

export interface TraceScene {
  readonly words: Int32Array;
  /** By number: none, stdout, stderr, rings. */
  readonly sinks: readonly TraceSink[];
}

export interface TraceAnswer {
  readonly text: string;
  /** Something was not understood: nothing that follows it was done. */
  readonly isFault: boolean;
}

const fine = (text = ''): TraceAnswer => ({ text, isFault: false });
const fault = (text: string): TraceAnswer => ({ text, isFault: true });

/** The sinks of a process with these rings. */
export function traceSinks(
  rings: readonly { readonly name: string; readonly description: string }[],
): readonly TraceSink[] {
  return [
    { name: 'none', help: 'no sink' },
    { name: 'stdout', help: 'standard output (fd#1)' },
    { name: 'stderr', help: 'standard output (fd#2)' },
    ...rings.map(({ name, description }) => ({ name, help: description })),
  ];
}

const stateLetters = ['.', 'w', 'R'];
const banner = 'Supported trace sources and states (.=stopped, w=waiting, R=running) :\n';

const row = (mark: string, { name, help }: TraceEvent, width = 10): string =>
  `  ${mark} ${name.padEnd(width)} : ${help}\n`;

function stateOf({ words }: TraceScene, source: number): string {
  return stateLetters[words[settings.traceWord(source, settings.fieldState)]];
}

function sourceList(scene: TraceScene, firsts: readonly TraceEvent[]): string {
  const line = (letter: string, { name, help }: TraceEvent): string =>
    ` [${letter}] ${name.padEnd(10)} : ${help}\n`;
  return [
    ...firsts.map((one) => line('.', one)),
    ...traceSources.map((one, index) => line(stateOf(scene, index), one)),
  ].join('');
}

/** `show trace [SOURCE]`. */
export function showTrace(scene: TraceScene, name: string): TraceAnswer {
  const { words, sinks } = scene;
  const word = (source: number, field: number): number => words[settings.traceWord(source, field)];
  if (name === '') {
    const lines = traceSources.map(({ name: own, help }, source) => {
      const sink = sinks[word(source, settings.fieldSink)].name;
      const dropped = word(source, settings.fieldDropped);
      return ` [${stateOf(scene, source)}] ${own.padEnd(10)} -> ${sink} [drp ${dropped}]  [${help}]\n`;
    });
    return fine(banner + lines.join(''));
  }
  const source = traceSources.findIndex((one) => one.name === name);
  if (source < 0) return fault('No such trace source\n');
  const sign = (field: number, index: number): string =>
    (word(source, field) & (1 << index)) !== 0 ? '+' : '-';
  const { fieldReport, fieldStart, fieldStop, fieldPause } = settings;
  const lines = traceSources[source].events.map((event, index) => {
    const [report, start, stop, pause] = [fieldReport, fieldStart, fieldStop, fieldPause].map(
      (field) => sign(field, index),
    );
    const label = event.name.padEnd(12);
    return `    ${label} :        ${report}        ${start}        ${stop}       ${pause}\n`;
  });
  const sink = sinks[word(source, settings.fieldSink)].name;
  const dropped = word(source, settings.fieldDropped);
  return fine(
    `Trace status for ${name}:\n  - sink: ${sink} [${dropped} dropped]\n` +
      `  - event name   :     report    start    stop    pause\n${lines.join('')}`,
  );
}

const keywords: readonly TraceEvent[] = [
  { name: 'event', help: 'list/enable/disable source-specific event reporting' },
  { name: 'level', help: 'list/set trace reporting level' },
  { name: 'lock', help: 'automatic lock on thread/connection/stream/...' },
  { name: 'follow', help: "passively follow another source's locked pointer (e.g. session)" },
  { name: 'pause', help: 'pause and automatically restart after a specific event' },
  { name: 'sink', help: 'list/set event sinks' },
  { name: 'start', help: 'start immediately or after a specific event' },
  { name: 'stop', help: 'stop immediately or after a specific event' },
  { name: 'verbosity', help: 'list/set trace output verbosity' },
];

/** Those that `trace all` takes. */
const forAll = new Set(['level', 'sink', 'follow']);

/** `trace [SOURCE [KEYWORD [VALUE]]...]`. */
export function runTrace(scene: TraceScene, words: readonly string[]): TraceAnswer {
  const [name = '', ...rest] = words;
  if (name === '') {
    const firsts = [
      { name: '0', help: 'not a source, will immediately stop all traces' },
      { name: 'all', help: "all sources below, only for 'sink', 'level' and 'follow'" },
    ];
    return fine(banner + sourceList(scene, firsts));
  }
  if (name === '0') {
    for (const source of traceSources.keys()) setState(scene, source, settings.stateStopped);
    return fine('All traces now stopped\n');
  }
  const source = traceSources.findIndex((one) => one.name === name);
  if (source < 0 && name !== 'all') return fault(`No such trace source '${name}'\n`);
  if (rest.length === 0) {
    const list = keywords.map(({ name: own, help }) => `  ${own.padEnd(9)} : ${help}\n`);
    return fine(`Supported commands:\n${list.join('')}`);
  }
  for (let at = 0; at < rest.length; at += 2) {
    const answer = runKeyword(scene, source, rest[at], rest[at + 1] ?? '');
    if (answer.text !== '') return answer;
  }
  return fine();
}

function runKeyword(scene: TraceScene, source: number, word: string, value: string): TraceAnswer {
  const act = acts[word];
  if (act === undefined) return fault(`Unknown trace keyword '${word}'\n`);
  if (source >= 0) return act(scene, source, value);
  if (!forAll.has(word)) return fault(`'${word}' not applicable to meta-source 'all'\n`);
  const answers = traceSources.map((_, one) => act(scene, one, value));
  return answers[0];
}

type Act = (scene: TraceScene, source: number, value: string) => TraceAnswer;

function setState({ words }: TraceScene, source: number, state: number): void {
  words[settings.traceWord(source, settings.fieldState)] = state;
  words[settings.traceWord(source, settings.fieldLocked)] = 0;
}

/** One of a list, marked by a star; '' lists them. */
function choose(
  list: readonly TraceEvent[],
  field: number,
  texts: { readonly head: string; readonly unknown: (value: string, list: string) => string },
): Act {
  return ({ words }, source, value) => {
    const at = settings.traceWord(source, field);
    const own = list.map((one, index) => row(words[at] === index ? '*' : ' ', one)).join('');
    const shown = `${texts.head} for source ${traceSources[source].name}:\n${own}`;
    if (value === '') return fine(shown);
    const index = list.findIndex(({ name }) => name === value);
    if (index < 0) return fault(texts.unknown(value, shown));
    words[at] = index;
    return fine();
  };
}

const chooseLevel = choose(traceLevels, settings.fieldLevel, {
  head: 'Supported trace levels',
  unknown: (value, shown) => `No such trace level '${value}'. ${shown}`,
});

const chooseVerbosity: Act = (scene, source, value) => {
  const quiet = { name: 'quiet', help: 'only report basic information with no decoding' };
  const list = [quiet, ...traceSources[source].verbosities];
  return choose(list, settings.fieldVerbosity, {
    head: 'Supported trace verbosities',
    unknown: (wrong, shown) => `No such verbosity level '${wrong}'. ${shown}`,
  })(scene, source, value);
};

const chooseSink: Act = (scene, source, value) => {
  const { words, sinks } = scene;
  const at = settings.traceWord(source, settings.fieldSink);
  if (value === '') {
    const list = sinks.map((one, index) => row(words[at] === index ? '*' : ' ', one)).join('');
    return fine(`Supported sinks for source ${traceSources[source].name} (*=current):\n${list}`);
  }
  const index = sinks.findIndex(({ name }) => name === value);
  if (index < 0) return fault(`No such trace sink '${value}' \n`);
  words[at] = index;
  return fine();
};

const chooseLock: Act = ({ words }, source, value) => {
  const at = settings.traceWord(source, settings.fieldLock);
  const names = [...traceSources[source].locks, 'nothing'].toSorted();
  if (value === '') {
    const list = names.map((name) => {
      const what = `lock on the ${name} that started the trace`;
      const help = name === 'nothing' ? 'do not lock on anything' : what;
      return row(lockCriteria[words[at]] === name ? '*' : ' ', { name, help });
    });
    const head = `Supported lock-on criteria for source ${traceSources[source].name}:\n`;
    return fine(head + list.join(''));
  }
  if (!names.includes(value)) return fault(`Unsupported lock-on criterion '${value}'\n`);
  words[at] = lockCriteria.indexOf(value);
  words[settings.traceWord(source, settings.fieldLocked)] = 0;
  return fine();
};

const chooseFollowed: Act = (scene, source, value) => {
  const { words } = scene;
  const at = settings.traceWord(source, settings.fieldFollow);
  if (value === '') {
    const current =
      words[at] === 0 ? '' : `Currently following source '${traceSources[words[at] - 1].name}'.\n`;
    const none = { name: 'none', help: 'follow no other source' };
    const ask = 'Please specify another source to follow, among the following ones:\n';
    return fine(current + ask + sourceList(scene, [none]));
  }
  const index = traceSources.findIndex(({ name }) => name === value);
  if (index < 0 && value !== 'none') return fault(`No such trace source '${value}'\n`);
  words[at] = index + 1;
  return fine();
};

/** `event`, `start`, `stop`, `pause`: events one by one, all, none; `state` for `now`. */
function chooseEvents(field: number, state: number | null): Act {
  return (scene, source, value) => {
    const { words } = scene;
    const { events, name } = traceSources[source];
    const at = settings.traceWord(source, field);
    if (value === '') return fine(eventList(words[at], events, { name, takesNow: state !== null }));
    if (value === 'now' && state !== null) {
      setState(scene, source, state);
      return fine();
    }
    if (value === 'none' || value === 'any') {
      words[at] = value === 'any' ? settings.allEvents : 0;
    } else {
      const isOff = /^[-!]/.test(value);
      const bare = value.replace(/^[-+!]/, '');
      const index = events.findIndex((one) => one.name === bare);
      if (index < 0) return fault(`No such trace event '${bare}'\n`);
      words[at] = isOff ? words[at] & ~(1 << index) : words[at] | (1 << index);
    }
    if (field === settings.fieldStart) awaitStart(scene, source);
    return fine();
  };
}

/** Start events on a source that is stopped make it wait for one of them. */
function awaitStart(scene: TraceScene, source: number): void {
  const { words } = scene;
  const state = settings.traceWord(source, settings.fieldState);
  if (words[state] !== settings.stateStopped) return;
  if (words[settings.traceWord(source, settings.fieldStart)] === 0) return;
  setState(scene, source, settings.stateWaiting);
}

function eventList(
  mask: number,
  events: readonly TraceEvent[],
  { name, takesNow }: { readonly name: string; readonly takesNow: boolean },
): string {
  const now = { name: 'now', help: "don't wait for events, immediately change the state" };
  const common = [
    ...(takesNow ? [now] : []),
    { name: 'none', help: 'disable all event types' },
    { name: 'any', help: 'enable all event types' },
  ];
  const list = [
    ...common.map((one) => row('-', one, 12)),
    ...events.map((one, index) => row((mask & (1 << index)) !== 0 ? '+' : '-', one, 12)),
  ];
  return `Supported events for source ${name} (+=enabled, -=disabled):\n${list.join('')}`;
}

const acts: Readonly<Record<string, Act | undefined>> = {
  event: chooseEvents(settings.fieldReport, null),
  level: chooseLevel,
  lock: chooseLock,
  follow: chooseFollowed,
  pause: chooseEvents(settings.fieldPause, settings.stateWaiting),
  sink: chooseSink,
  start: chooseEvents(settings.fieldStart, settings.stateRunning),
  stop: chooseEvents(settings.fieldStop, settings.stateStopped),
  verbosity: chooseVerbosity,
};
