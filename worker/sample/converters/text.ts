// Converters of texts: case, parts, lists, expressions, comparison (manual 7.3.1).
// Arguments are checked at start; the closures run on the proxy thread.

import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import { lowerAscii, upperAscii } from '../../match/text.ts';
import { parseInt64 } from '../int64.ts';
import { kindBinary, kindBool, kindSint, kindString, type Sample } from '../sample.ts';
import { integerOperand, variableText } from './operand.ts';
import { field, partsOf, word } from './text-parts.ts';
import { simple } from './row.ts';

/** Cuts `text` out of the sample, keeping its kind. */
function keep(sample: Sample, text: string): true {
  sample.text = text;
  return true;
}

function reversed(text: string): string {
  let out = '';
  for (let i = text.length - 1; i >= 0; i--) out += text[i];
  return out;
}

/** Labels in reverse order; one trailing dot is ignored, empty labels are not. */
function reverseDomain(sample: Sample): boolean {
  const text = sample.text.endsWith('.') ? sample.text.slice(0, -1) : sample.text;
  let out = '';
  for (let end = text.length; ; ) {
    const dot = text.lastIndexOf('.', end - 1);
    if (end === 0 || dot === end - 1) return false;
    out += text.slice(dot + 1, end);
    if (dot < 0) return sample.setText(out);
    out += '.';
    end = dot;
  }
}

function cutLines(sample: Sample): boolean {
  const { text } = sample;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 13 || code === 10) return keep(sample, text.slice(0, i));
  }
  return true;
}

function buildTrim(fromStart: boolean) {
  return ([characters]: readonly ArgumentValue[]): Convert => {
    const set = characters as string;
    return (sample) => {
      const { text } = sample;
      let from = 0;
      let to = text.length;
      if (fromStart) while (from < to && set.includes(text[from])) from++;
      else while (to > from && set.includes(text[to - 1])) to--;
      return keep(sample, text.slice(from, to));
    };
  };
}

/** bytes(offset[,length]): numbers or variables. */
function buildBytes(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [offsetWord, lengthWord] = args as readonly string[];
  const readOffset = integerOperand(offsetWord, scope);
  const readLength = lengthWord === undefined ? null : integerOperand(lengthWord, scope);
  if (readOffset === null || (lengthWord !== undefined && readLength === null)) return null;
  if (/^-/.test(offsetWord) || /^(?:-|0+$)/.test(lengthWord ?? '')) {
    scope.alert('bytes wants an offset of 0 or more and a length of 1 or more');
    return null;
  }
  return (sample, stream) => {
    const offset = readOffset(stream);
    const length = readLength === null ? sample.text.length : readLength(stream);
    if (offset === null || length === null || offset < 0 || length < 0) {
      sample.mayChange = false;
      return false;
    }
    const from = Number(offset);
    const wanted = Number(length);
    const short =
      from >= sample.text.length || (readLength !== null && from + wanted > sample.text.length);
    if (short && !stream.samplesFinal) {
      sample.mayChange = true;
      return false;
    }
    return keep(sample, sample.text.slice(from, from + wanted));
  };
}

/** A number that must be there at start, null with an alert. */
function buildPart(take: typeof field) {
  return (args: readonly ArgumentValue[], scope: Scope): Convert | null => {
    const index = Number(args[0]);
    const delimiters = args[1] as string;
    const count = args[2] === undefined ? 1 : Number(args[2]);
    if (index === 0) {
      scope.alert('the index of a field or word counts from 1, or from -1 backwards');
      return null;
    }
    return (sample) => {
      const part = take(sample.text, index, delimiters, count);
      if (part === null) return false;
      return keep(sample, part);
    };
  };
}

/** concat([start[,var[,end]]]) */
function buildConcat(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [start, name = '', end = ''] = args as readonly string[];
  const read = name === '' ? () => '' : variableText(name, scope);
  if (read === null) return null;
  return (sample, stream) =>
    sample.setText(sample.text + (start ?? '') + (read(stream) ?? '') + end);
}

/** add_item(delimiter[,var[,suffix]]): nothing is added to nothing but the item itself. */
function buildAddItem(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [delimiter, name = '', suffix = ''] = args as readonly string[];
  if (name === '' && suffix === '') {
    scope.alert('add_item needs a variable or a suffix');
    return null;
  }
  const read = name === '' ? () => null : variableText(name, scope);
  if (read === null) return null;
  return (sample, stream) => {
    const value = read(stream);
    const item = (value ?? '') + suffix;
    const between = sample.text !== '' && item !== '' ? delimiter : '';
    return sample.setText(sample.text + between + item);
  };
}

/** As strcmp(3): below, equal or above zero. */
function buildCompare([name]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const read = variableText(name as string, scope);
  if (read === null) return null;
  return (sample, stream) => {
    const other = read(stream);
    if (other === null) return false;
    const { text } = sample;
    const length = Math.min(text.length, other.length);
    for (let i = 0; i < length; i++) {
      const difference = text.charCodeAt(i) - other.charCodeAt(i);
      if (difference !== 0) return sample.setInt(difference);
    }
    return sample.setInt(Math.sign(text.length - other.length));
  };
}

/** The first parameter of that name between delimiters; without `=` its value is empty. */
function buildParam(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [name, given = '&'] = args as readonly string[];
  const hex = /^0x([0-9a-fA-F]{2})$/.exec(given);
  const delimiter = hex === null ? given : String.fromCharCode(Number.parseInt(hex[1], 16));
  if (delimiter.length !== 1) {
    scope.alert(`delimiter '${given}' is neither one character nor 0xHH`);
    return null;
  }
  return (sample) => {
    const found = partsOf(sample.text, name, delimiter);
    return found !== null && keep(sample, found);
  };
}

const maskWords: Readonly<Record<string, number>> = { any: 0x1ffffffff, http: 0x2401 };

/** One bit per control character below 32, bit 32 for DEL. */
function buildHasControl([word]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const text = word === '' ? undefined : (word as string | undefined);
  const number = /^0x[0-9a-fA-F]{1,9}$/.test(text ?? '') ? Number(text) : parseInt64(text ?? '');
  const mask = text === undefined ? 0x1fffffdff : (maskWords[text] ?? number);
  if (mask === null || mask < 0 || mask > 0x1ffffffff) {
    scope.alert(`'${text}' is not a mask of control characters`);
    return null;
  }
  const set = new Uint8Array(256);
  for (let bit = 0; bit <= 32; bit++) {
    set[bit === 32 ? 127 : bit] = Math.floor(Number(mask) / 2 ** bit) % 2;
  }
  return (sample) => {
    for (let i = 0; i < sample.text.length; i++) {
      if (set[sample.text.charCodeAt(i)] !== 0) return sample.setBool(true);
    }
    return sample.setBool(false);
  };
}

/** Host without its port, which the last colon starts; brackets stay. */
function hostOf(text: string): string {
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    return end < 0 ? text : text.slice(0, end + 1);
  }
  const colon = text.lastIndexOf(':');
  return colon < 0 ? text : text.slice(0, colon);
}

function portOf(text: string): number {
  const found = /^:(\d+)$/.exec(text.slice(hostOf(text).length));
  return found === null ? 0 : Number(found[1]);
}

const optionalString = (name: string): ArgumentDef => ({ name, type: 'string', optional: true });
const partArgs: readonly ArgumentDef[] = [
  { name: 'index', type: 'sint' },
  { name: 'delimiters', type: 'string' },
  { name: 'count', type: 'sint', optional: true },
];
const charactersArg: readonly ArgumentDef[] = [{ name: 'characters', type: 'string' }];

export const texts: readonly ConverterDef[] = [
  simple('lower', [kindString, kindString], 'A-Z lowered', (sample) =>
    keep(sample, lowerAscii(sample.text)),
  ),
  simple('upper', [kindString, kindString], 'a-z raised', (sample) =>
    keep(sample, upperAscii(sample.text)),
  ),
  simple('length', [kindString, kindSint], 'number of bytes', (sample) =>
    sample.setInt(sample.text.length),
  ),
  simple('reverse', [kindString, kindString], 'bytes in reverse order', (sample) =>
    keep(sample, reversed(sample.text)),
  ),
  simple(
    'reverse_dom',
    [kindString, kindString],
    'labels of a name in reverse order',
    reverseDomain,
  ),
  simple('cut_crlf', [kindString, kindString], 'up to the first line end', cutLines),
  simple('host_only', [kindString, kindString], 'host of an authority, in lower case', (sample) =>
    keep(sample, lowerAscii(hostOf(sample.text))),
  ),
  simple('port_only', [kindString, kindSint], 'port of an authority, 0: none', (sample) =>
    sample.setInt(portOf(sample.text)),
  ),
  {
    name: 'ltrim',
    args: charactersArg,
    takes: kindString,
    returns: kindString,
    help: 'without these characters at the start',
    example: 'ltrim(/)',
    build: buildTrim(true),
  },
  {
    name: 'rtrim',
    args: charactersArg,
    takes: kindString,
    returns: kindString,
    help: 'without these characters at the end',
    example: 'rtrim(/)',
    build: buildTrim(false),
  },
  {
    name: 'bytes',
    args: [{ name: 'offset', type: 'string' }, optionalString('length')],
    takes: kindBinary,
    returns: kindBinary,
    help: 'bytes from an offset on',
    example: 'bytes(0,2)',
    build: buildBytes,
  },
  {
    name: 'field',
    args: partArgs,
    takes: kindString,
    returns: kindString,
    help: 'a field between delimiters',
    example: 'field(1,.)',
    build: buildPart(field),
  },
  {
    name: 'word',
    args: partArgs,
    takes: kindString,
    returns: kindString,
    help: 'a word; runs of delimiters count once',
    example: 'word(1,.)',
    build: buildPart(word),
  },
  {
    name: 'concat',
    args: [{ name: 'start', type: 'string' }, optionalString('var'), optionalString('end')],
    takes: kindString,
    returns: kindString,
    help: 'the text, a text, a variable and a text',
    example: 'concat(a,txn.b,c)',
    build: buildConcat,
  },
  {
    name: 'add_item',
    args: [
      { name: 'delimiter', type: 'string' },
      { name: 'var', type: 'string' },
      optionalString('suffix'),
    ],
    takes: kindString,
    returns: kindString,
    help: 'adds an item to a list',
    example: 'add_item(;,txn.a)',
    build: buildAddItem,
  },
  {
    name: 'strcmp',
    args: [{ name: 'var', type: 'variable' }],
    takes: kindString,
    returns: kindSint,
    help: 'compares with a variable: below, equal or above 0',
    example: 'strcmp(txn.a)',
    build: buildCompare,
  },
  {
    name: 'param',
    args: [{ name: 'name', type: 'string' }, optionalString('delimiter')],
    takes: kindString,
    returns: kindString,
    help: 'value of a parameter of a list',
    example: 'param(id,;)',
    build: buildParam,
  },
  {
    name: 'has_ctl',
    args: [optionalString('mask')],
    takes: kindBinary,
    returns: kindBool,
    help: 'true when there are control characters',
    example: 'has_ctl(http)',
    build: buildHasControl,
  },
];
