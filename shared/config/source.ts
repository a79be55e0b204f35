// Configuration text to logical lines: splits files, expands the environment through the lexer,
// follows .if blocks and prints .notice and its kind (manual 2.2 to 2.4). Hands every remaining
// line to parse.ts. Never stops at a mistake: it reports it and goes on.

import { type EnabledOptions, evaluateCondition } from './condition.ts';
import type { Diagnostics, Place } from './diagnostic.ts';
import { isDirectory, listNames, readText } from './files.ts';
import { type LexedLine, type LexFaultKind, type Lookup, splitLine } from './lexer.ts';
import { Line } from './line.ts';

export interface SourceContext {
  readonly diagnostics: Diagnostics;
  readonly environment: ReadonlyMap<string, string>;
  /** Name of the section being read, for `$.SECTION`. */
  readonly section: () => string;
  readonly enabled: () => EnabledOptions;
}

const configPlace = { file: '', line: 0, column: 0 };

/** The files behind `-f` arguments: folders give their *.cfg files in order. */
export function listFiles(paths: readonly string[], diagnostics: Diagnostics): string[] {
  return paths.flatMap((path) => {
    if (!isDirectory(path)) return [path];
    const { names, error } = listNames(path);
    if (names === null) diagnostics.alert(configPlace, `Cannot open folder ${path}: ${error}`);
    const files = (names ?? [])
      .filter((name) => name.endsWith('.cfg'))
      .map((name) => `${path.replace(/\/$/, '')}/${name}`)
      .filter((file) => !isDirectory(file));
    if (names !== null && files.length === 0) {
      diagnostics.warning(configPlace, `Folder ${path} has no file whose name ends in .cfg`);
    }
    return files;
  });
}

/** Reads one file and hands its lines to `sink`. */
export function readFileLines(
  file: string,
  context: SourceContext,
  sink: (line: Line) => void,
): void {
  const { text, error } = readText(file);
  if (error !== '') {
    context.diagnostics.alert(configPlace, `Could not open configuration file ${file} : ${error}`);
    return;
  }
  readLines(file, text, context, sink);
}

/** Hands the lines of `text` to `sink`. */
export function readLines(
  file: string,
  text: string,
  context: SourceContext,
  sink: (line: Line) => void,
): void {
  const reader = new SourceReader(file, context, sink);
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const line = end < 0 ? text.slice(at) : text.slice(at, end);
    reader.read(line);
    if (end < 0) reader.truncated(line.length);
    at = end < 0 ? text.length : end + 1;
  }
  reader.finish();
}

/** State of one .if level: is the current branch read, was one read before, was .else seen. */
interface Level {
  /** The level above is read. */
  readonly open: boolean;
  active: boolean;
  taken: boolean;
  elseSeen: boolean;
  readonly place: Place;
}

const levelMax = 1024;
const faultTexts: Readonly<Record<LexFaultKind, string>> = {
  quote: 'unmatched quote',
  brace: 'unmatched brace in environment variable name',
  variable: 'forbidden first char in environment variable name',
  hex: 'truncated or invalid hexadecimal sequence',
  expansion: 'truncated or invalid word expansion sequence',
};

class SourceReader {
  readonly file: string;
  readonly context: SourceContext;
  readonly sink: (line: Line) => void;
  readonly levels: Level[] = [];
  readonly lookup: Lookup;
  number = 0;

  constructor(file: string, context: SourceContext, sink: (line: Line) => void) {
    this.file = file;
    this.context = context;
    this.sink = sink;
    this.lookup = (name) => this.variable(name);
  }

  variable(name: string): string | undefined {
    if (!name.startsWith('.')) return this.context.environment.get(name);
    return pseudoVariables[name]?.(this);
  }

  place(column: number): Place {
    return { file: this.file, line: this.number, column };
  }

  read(text: string): void {
    this.number++;
    const nul = text.indexOf('\0');
    if (nul >= 0) {
      const message = `Stray NUL character at position ${nul + 1}.`;
      this.context.diagnostics.alert(this.place(nul + 1), message);
      return;
    }
    // A line that opens with a bracket starts a scope for programs that share a file.
    if (/^\s*(\[|$)/.test(text)) return;
    const lexed = splitLine(text, this.lookup);
    if (lexed.fault !== null) {
      const column = lexed.fault.at + 1;
      const message = `${faultTexts[lexed.fault.kind]} at position ${column}:`;
      if (this.reading) this.context.diagnostics.alert(this.place(column), message, '', text);
      return;
    }
    if (lexed.words.length === 0) return;
    this.dispatch(text, lexed);
  }

  get reading(): boolean {
    return this.levels.at(-1)?.active ?? true;
  }

  dispatch(text: string, lexed: LexedLine): void {
    const word = lexed.words[0];
    if (word.startsWith('.')) {
      const block = blockDirectives[word];
      if (block !== undefined) {
        block(this, lexed, text);
        return;
      }
    }
    if (!this.reading) return;
    if (word.startsWith('.')) {
      this.report(text, lexed);
      return;
    }
    if (lexed.emptyAt >= 0) {
      this.emptyWord(text, lexed);
      return;
    }
    const source = { file: this.file, number: this.number, text };
    this.sink(new Line(source, lexed.words, lexed.columns, this.context.diagnostics));
  }

  emptyWord(text: string, lexed: LexedLine): void {
    const index = lexed.words.indexOf('');
    const column = lexed.emptyAt + 1;
    const message =
      `argument number ${index} at position ${column} is empty and marks the end of the ` +
      'argument list:';
    this.context.diagnostics.alert(this.place(column), message, unsetHint(text, column), text);
  }

  report(text: string, lexed: LexedLine): void {
    const [word, message = ''] = lexed.words;
    const severity = reportDirectives[word];
    const { diagnostics } = this.context;
    if (severity === undefined) {
      diagnostics.alert(this.place(lexed.columns[0]), `unknown directive '${word}'.`, '', text);
    } else if (lexed.words.length > 2) {
      const problem = `Unexpected argument '${lexed.words[2]}' for '${word}'.`;
      const hint = 'use quotes if the message should contain spaces';
      diagnostics.alert(this.place(lexed.columns[2]), problem, hint, text);
    } else diagnostics.add(severity, this.place(0), `'${message}'.`);
  }

  alert(column: number, message: string, text: string): void {
    this.context.diagnostics.alert(this.place(column), message, '', text);
  }

  evaluate(text: string, lexed: LexedLine): boolean {
    const condition = lexed.words.slice(1).join(' ');
    const found = evaluateCondition(condition, this.lookup, this.context.enabled());
    if (found.error === '') return found.value;
    const column = (lexed.columns[1] ?? 1) + found.at;
    this.alert(column, `${found.error} in '${lexed.words[0]}' at position ${found.at + 1}:`, text);
    return false;
  }

  truncated(length: number): void {
    const at = `at position ${length + 1}`;
    const message = `Missing LF on last line, file might have been truncated ${at}.`;
    this.context.diagnostics.alert(this.place(0), message);
  }

  finish(): void {
    for (const level of this.levels) {
      this.context.diagnostics.alert(level.place, "non-terminated '.if' block.");
    }
  }
}

const pseudoVariables: Readonly<Record<string, (reader: SourceReader) => string>> = {
  '.FILE': (reader) => reader.file,
  '.LINE': (reader) => String(reader.number),
  '.SECTION': (reader) => reader.context.section(),
};

const reportDirectives: Readonly<Record<string, 'alert' | 'warning' | 'notice' | 'diag'>> = {
  '.alert': 'alert',
  '.warning': 'warning',
  '.notice': 'notice',
  '.diag': 'diag',
};

type BlockDirective = (reader: SourceReader, lexed: LexedLine, text: string) => void;

const blockDirectives: Readonly<Record<string, BlockDirective>> = {
  '.if': (reader, lexed, text) => {
    const open = reader.reading && reader.levels.length < levelMax;
    if (reader.levels.length >= levelMax) {
      reader.alert(1, `too many nested '.if', max is ${levelMax}.`, text);
    }
    const active = open && reader.evaluate(text, lexed);
    const place = reader.place(0);
    reader.levels.push({ open, active, taken: active, elseSeen: false, place });
  },
  '.elif': (reader, lexed, text) => {
    const level = currentLevel(reader, '.elif', text);
    if (level === null) return;
    level.active = level.open && !level.taken && reader.evaluate(text, lexed);
    level.taken ||= level.active;
  },
  '.else': (reader, lexed, text) => {
    if (!standsAlone(reader, lexed, text)) return;
    const level = currentLevel(reader, '.else', text);
    if (level === null) return;
    level.elseSeen = true;
    level.active = level.open && !level.taken;
  },
  '.endif': (reader, lexed, text) => {
    if (!standsAlone(reader, lexed, text)) return;
    if (reader.levels.pop() === undefined) {
      reader.alert(1, "lone '.endif' with no matching '.if'.", text);
    }
  },
};

function standsAlone(reader: SourceReader, lexed: LexedLine, text: string): boolean {
  if (lexed.words.length === 1) return true;
  const message = `Unexpected argument '${lexed.words[1]}' for '${lexed.words[0]}'.`;
  reader.alert(lexed.columns[1], message, text);
  return false;
}

function currentLevel(reader: SourceReader, word: string, text: string): Level | null {
  const level = reader.levels.at(-1);
  if (level === undefined) reader.alert(1, `lone '${word}' with no matching '.if'.`, text);
  else if (level.elseSeen) reader.alert(1, `'${word}' after '.else' is not permitted.`, text);
  else return level;
  return null;
}

/** What the lexer points at is the variable that nobody has set, where there is one. */
function unsetHint(text: string, column: number): string {
  const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text.slice(column - 1))?.[0];
  const isVariable = /\$\{?$/.test(text.slice(0, column - 1));
  return name !== undefined && isVariable ? `the environment variable ${name} is not set` : '';
}
