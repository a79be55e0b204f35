// Log-format strings (manual 8.2.6): text, `%name` tags and `%[expressions]` with their flags, into
// one closure that returns the text, or for log lines one that writes it. Start only; called by
// scope.ts. How one value becomes text is log-values.ts, how a line is written log/line-program.ts.

import type { Evaluate, FormatText } from '../keyword.ts';
import { type LineValue, lineOf, tagValue, textValue } from '../log/line-program.ts';
import type { WriteLine } from '../log/plan.ts';
import type { LogTagDef, LogTagFlags } from '../log/tag.ts';
import { isLegalAt, points, readsLabel } from '../sample/reads.ts';
import { nearestWord } from '../../shared/config/hint.ts';
import { directionRequest, directionResponse, type Stream } from '../stream/stream.ts';
import { type ExpressionSource, parseExpression } from './expression.ts';
import {
  cborText,
  jsonText,
  type Typecast,
  typecastOf,
  writeExpression,
  writeTag,
} from './log-values.ts';

/** The rules of a format's user. */
export interface LogFormatKind {
  /** Values are percent-encoded where a header may not hold them. */
  readonly header: boolean;
  /** Blanks separate items: runs of them become one. */
  readonly mergeSpaces: boolean;
  /** An empty value is written as `-`. */
  readonly mandatory: boolean;
}

export const headerFormat: LogFormatKind = { header: true, mergeSpaces: false, mandatory: false };
export const textFormat: LogFormatKind = { header: false, mergeSpaces: false, mandatory: false };
/** log-format, error-log-format, log-format-sd. */
export const logLineFormat: LogFormatKind = { header: false, mergeSpaces: true, mandatory: true };
export const uniqueIdFormat: LogFormatKind = { header: true, mergeSpaces: true, mandatory: false };

/** What a format shows: filled by whoever compiles it. */
export interface FormatUse {
  /** Names of tags, and classes of what fetches read (sample/reads.ts). */
  readonly tags: Set<LogTagDef>;
  readonly reads: Set<string>;
}

/** What a format is built against. */
interface FormatSource extends ExpressionSource {
  readonly point: number;
  readonly logTags: ReadonlyMap<string, LogTagDef>;
  /** Notes what is shown, where somebody asked. */
  readonly use?: FormatUse | null;
}

/** One item as parsed: a constant or a value with its name. */
interface Item {
  /** The constant text when `write` is null. */
  readonly text: string;
  readonly write: FormatText | null;
  /** The same for a line, null for a constant. */
  readonly value: LineValue | null;
  /** From `%(name)`, '' for none. */
  readonly name: string;
  readonly isSeparator: boolean;
}

/** Parser state. */
interface Reader {
  readonly text: string;
  readonly kind: LogFormatKind;
  readonly source: FormatSource;
  at: number;
  /** Flags in force, changed by `%{...}o`. */
  flags: LogTagFlags;
  /** Flags common to the whole string, null before the first `%o`. */
  shared: LogTagFlags | null;
  readonly items: Item[];
}

/** Places where the response is not there yet; a log line has both. */
const requestPoints = (points.backResponseContent - 1) | points.log;

const noFlags: LogTagFlags = {
  quote: false,
  hex: false,
  escape: false,
  mandatory: false,
  binary: false,
  encoding: '',
};

/** Compiles `text`; null after an alert. */
export function compileLogFormat(
  text: string,
  kind: LogFormatKind,
  source: FormatSource,
): FormatText | null {
  const reader = parse(text, kind, source);
  return reader === null ? null : (encoded(reader) ?? join(reader.items));
}

/** The same for a log line. */
export function compileLogLine(text: string, source: FormatSource): WriteLine | null {
  const reader = parse(text, logLineFormat, source);
  if (reader === null) return null;
  const whole = encoded(reader);
  if (whole === null) return lineOf(reader.items);
  return lineOf([{ text: '', value: textValue(whole), isSeparator: false }]);
}

function parse(text: string, kind: LogFormatKind, source: FormatSource): Reader | null {
  const flags = { ...noFlags, mandatory: kind.mandatory };
  const reader: Reader = { text, kind, source, at: 0, flags, shared: null, items: [] };
  while (reader.at < text.length) {
    if (text[reader.at] === '%') {
      if (!readItem(reader)) return null;
    } else readText(reader);
  }
  return reader;
}

/** An object of all items, null where the format asks for none. */
function encoded({ shared, items }: Reader): FormatText | null {
  const encoding = shared?.encoding ?? '';
  if (encoding === 'json') return joinJson(items);
  return encoding === 'cbor' ? joinCbor(items, shared?.binary === true) : null;
}

const constant = (text: string, isSeparator = false): Item => ({
  text,
  write: null,
  value: null,
  name: '',
  isSeparator,
});

/** Everything up to the next `%`, blanks apart when they separate. */
function readText(reader: Reader): void {
  const next = reader.text.indexOf('%', reader.at);
  const end = next < 0 ? reader.text.length : next;
  const text = reader.text.slice(reader.at, end);
  reader.at = end;
  if (!reader.kind.mergeSpaces) {
    reader.items.push(constant(text));
    return;
  }
  for (const part of text.split(/( +)/)) {
    if (part.startsWith(' ')) reader.items.push(constant(' ', true));
    else if (part !== '') reader.items.push(constant(part));
  }
}

function alert(reader: Reader, message: string, hint = ''): false {
  reader.source.scope.alert(`in log-format '${reader.text}': ${message}`, hint);
  return false;
}

/** `%%`, or `%(name:type){flags}` and then a tag or an expression. The cursor stands on the `%`. */
function readItem(reader: Reader): boolean {
  const { text } = reader;
  const start = reader.at++;
  if (text[reader.at] === '%') {
    reader.at++;
    reader.items.push(constant('%'));
    return true;
  }
  const naming = readName(reader);
  if (naming === null) return false;
  const flags = readFlags(reader);
  if (flags === null) return false;
  const next = text[reader.at] ?? '';
  if (next === '[') return readExpression(reader, naming, flags);
  if (/[A-Za-z]/.test(next)) return readTag(reader, naming, flags);
  if (next === '') return alert(reader, `truncated line after '${text.slice(start)}'`);
  const why = `unexpected alias name near '${next}' at position ${reader.at}`;
  return alert(reader, why, "to write a single '%', use '%%'");
}

interface Naming {
  readonly name: string;
  readonly typecast: Typecast;
}

function readName(reader: Reader): Naming | null {
  if (reader.text[reader.at] !== '(') return { name: '', typecast: '' };
  const found = /^\(([A-Za-z0-9_-]*)(?::([A-Za-z0-9_-]*))?\)/.exec(reader.text.slice(reader.at));
  if (found === null) {
    alert(reader, `invalid character in custom name at position ${reader.at + 1}`);
    return null;
  }
  const typecast = typecastOf(found[2] ?? '');
  if (typecast === null) {
    alert(
      reader,
      `unexpected output type '${found[2]}' (supported types are str, sint, bool and raw)`,
    );
    return null;
  }
  reader.at += found[0].length;
  return { name: found[1], typecast };
}

/** The flags of `{...}` over those in force; unknown ones are ignored, as HAProxy does. */
function readFlags(reader: Reader): LogTagFlags | null {
  if (reader.text[reader.at] !== '{') return reader.flags;
  const end = reader.text.indexOf('}', reader.at);
  if (end < 0) {
    alert(reader, `truncated line after '${reader.text.slice(reader.at)}'`);
    return null;
  }
  const flags: { -readonly [K in keyof LogTagFlags]: LogTagFlags[K] } = { ...reader.flags };
  for (const word of reader.text.slice(reader.at + 1, end).split(',')) {
    const found = /([+-])([A-Za-z]+)\s*$/.exec(word);
    if (found !== null) setFlag(flags, found[2], found[1] === '+');
  }
  reader.at = end + 1;
  return flags;
}

type MutableFlags = { -readonly [K in keyof LogTagFlags]: LogTagFlags[K] };

const flagNames: Readonly<Record<string, 'quote' | 'hex' | 'escape' | 'mandatory' | 'binary'>> = {
  Q: 'quote',
  X: 'hex',
  E: 'escape',
  M: 'mandatory',
  bin: 'binary',
};

function setFlag(flags: MutableFlags, name: string, on: boolean): void {
  const field = flagNames[name];
  if (field !== undefined) flags[field] = on;
  if (name !== 'json' && name !== 'cbor') return;
  // An encoding once chosen prevails over another.
  if (on && flags.encoding === '') flags.encoding = name;
  if (!on && flags.encoding === name) flags.encoding = '';
}

function readTag(reader: Reader, naming: Naming, flags: LogTagFlags): boolean {
  const name = /^[A-Za-z0-9]+/.exec(reader.text.slice(reader.at))?.[0] ?? '';
  reader.at += name.length;
  if (name === 'o') {
    reader.shared = reader.shared === null ? flags : common(reader.shared, flags);
    reader.flags = flags;
    return true;
  }
  const { logTags, scope } = reader.source;
  const def = logTags.get(name);
  if (def === undefined) {
    const near = nearestWord(name, logTags.keys());
    const hint = near === '' ? "to write a single '%', use '%%'" : `did you mean '%${near}'?`;
    return alert(reader, `no such format alias '${name}'`, hint);
  }
  reader.source.use?.tags.add(def);
  reader.source.used.add(`%${name}`);
  const build = def.build(naming.name, flags, scope);
  if (build === null) return false;
  const write = writeTag(build, def.type ?? 'text', flags, naming.typecast);
  const own = def.row === undefined ? null : tagValue(def.row, flags);
  pushValue(reader, write, naming, own ?? textValue(write));
  return true;
}

const common = (a: LogTagFlags, b: LogTagFlags): LogTagFlags => ({
  quote: a.quote && b.quote,
  hex: a.hex && b.hex,
  escape: a.escape && b.escape,
  mandatory: a.mandatory && b.mandatory,
  binary: a.binary && b.binary,
  encoding: a.encoding === b.encoding ? a.encoding : '',
});

function readExpression(reader: Reader, naming: Naming, flags: LogTagFlags): boolean {
  const { source, text } = reader;
  const start = reader.at + 1;
  const before = source.scope.alerts;
  const { expression, end, fault, hint } = parseExpression(text, start, source);
  if (expression === null) {
    if (source.scope.alerts > before) return false;
    return alert(
      reader,
      `failed to parse sample expression <${text.slice(start)}> : ${fault}`,
      hint,
    );
  }
  const next = text[end] ?? '';
  if (next !== ']') {
    const after = text.slice(start, end);
    return alert(
      reader,
      next === ''
        ? `missing ']' after '${after}'`
        : `expected ']' after '${after}', but found '${next}'`,
    );
  }
  const { fetch, evaluate, returns } = expression;
  source.use?.reads.add(fetch.reads);
  if (!isLegalAt(fetch.reads, source.point)) {
    const why = `needs '${readsLabel(fetch.reads)}' which is not available here`;
    return alert(
      reader,
      `sample fetch <${fetch.name}> may not be reliably used here because it ${why}`,
    );
  }
  reader.at = end + 1;
  const write = writeExpression(inDirectionOf(source.point, evaluate), returns, {
    flags,
    typecast: naming.typecast,
    header: reader.kind.header,
  });
  pushValue(reader, write, naming, textValue(write));
  return true;
}

function pushValue(reader: Reader, write: FormatText, { name }: Naming, value: LineValue): void {
  reader.items.push({ text: '', write, value, name, isSeparator: false });
}

/**
 * Replies and log lines are made when the response is being looked at: what the request said is
 * asked for as of the request first, then as of the response, as far as the place of the format
 * allows either.
 */
function inDirectionOf(point: number, evaluate: Evaluate): Evaluate {
  const ofRequest = point === 0 || (point & requestPoints) !== 0;
  const ofResponse = point === 0 || (point & ~requestPoints) !== 0;
  if (!ofRequest) return evaluate;
  return (stream, out) => {
    const { direction } = stream;
    stream.direction = directionRequest;
    let found = evaluate(stream, out);
    if (!found && ofResponse) {
      stream.direction = directionResponse;
      out.restart();
      found = evaluate(stream, out);
    }
    stream.direction = direction;
    return found;
  };
}

/**
 * Constants between values are joined; runs of separators become one blank, leading ones nothing.
 */
function join(items: readonly Item[]): FormatText {
  const texts = [''];
  const writes: FormatText[] = [];
  let blank = true;
  for (const item of items) {
    if (item.isSeparator && blank) continue;
    blank = item.isSeparator;
    if (item.write === null) texts[texts.length - 1] += item.text;
    else {
      writes.push(item.write);
      texts.push('');
    }
  }
  return joined(texts, writes);
}

function joined(texts: readonly string[], writes: readonly FormatText[]): FormatText {
  const [head, middle, tail] = texts;
  const [first, second] = writes;
  if (writes.length === 0) return () => head;
  if (writes.length === 1) {
    if (head === '' && middle === '') return first;
    return (stream) => head + first(stream) + middle;
  }
  if (writes.length === 2) {
    return (stream) => head + first(stream) + middle + second(stream) + tail;
  }
  return (stream: Stream) => {
    let text = head;
    for (let i = 0; i < writes.length; i++) text += writes[i](stream) + texts[i + 1];
    return text;
  };
}

/** An object of the named items only. */
function joinJson(items: readonly Item[]): FormatText {
  const named = items.filter((item) => item.write !== null && item.name !== '');
  const texts = named.map((item, i) => `${i === 0 ? '{' : ', '}${jsonText(item.name)}: `);
  const writes = named.map((item) => item.write as FormatText);
  return joined([...(texts.length === 0 ? ['{}'] : texts), '}'], writes);
}

/** A map of indefinite length (RFC 8949 3.2.2). */
function joinCbor(items: readonly Item[], binary: boolean): FormatText {
  const named = items.filter((item) => item.write !== null && item.name !== '');
  const [open, close] = binary ? ['\xbf', '\xff'] : ['BF', 'FF'];
  const texts = named.map((item, i) => (i === 0 ? open : '') + cborText(item.name, binary));
  const writes = named.map((item) => item.write as FormatText);
  if (texts.length === 0) return () => open + close;
  return joined([...texts, close], writes);
}
