// The canonical layout of a configuration: sections at the margin, their lines four blanks in, one
// blank between words, one empty line between sections, comments kept. What is between quotes, and
// every quote and backslash, stays as it is written: the lexer of the language says where words
// end. Called by fmt.ts. Text is bytes (latin1 in a string).

import { sectionNames } from '../shared/config/catalog.ts';
import { type LexedLine, splitLine } from '../shared/config/lexer.ts';
import { unsupportedSections } from '../shared/config/unsupported.ts';

const indent = '    ';
/** For each `.if` around another. */
const blockIndent = '  ';
const sections: ReadonlySet<string> = new Set([...sectionNames, ...unsupportedSections]);

/** Any value will do: only where words begin and end is asked. */
const anyValue = (): string => 'x';

type Kind = 'section' | 'line' | 'directive' | 'comment' | 'empty' | 'verbatim';

interface Piece {
  readonly kind: Kind;
  /** What stands on the line, without its indentation; whole when it is kept verbatim. */
  readonly text: string;
  /** It began at the margin. */
  readonly isAtMargin: boolean;
}

/** The text in canonical layout; text that means the same, for the same environment. */
export function layOut(text: string): string {
  const pieces = text.replace(/\n$/, '').split('\n').map(readPiece);
  const placed = place(pieces);
  // `$.LINE` would mean another number after a line that is more or less.
  const keepsLines = /\$\{?\.LINE/.test(text);
  const lines = keepsLines ? placed.map(({ line }) => line) : arrange(placed);
  const laid = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  expectSameWords(text, laid);
  return laid;
}

function readPiece(line: string): Piece {
  const isAtMargin = /^[^ \t-\r]/.test(line);
  const piece = (kind: Kind, text: string): Piece => ({ kind, text, isAtMargin });
  if (/^\s*$/.test(line)) return piece('empty', '');
  // A scope for other programs, or nothing that the language could read.
  if (/^\s*\[/.test(line) || line.includes('\0')) return piece('verbatim', line);
  const lexed = splitLine(line, anyValue);
  if (lexed.fault !== null || hasStrayEnd(line, lexed)) return piece('verbatim', line);
  const comment = line.slice(lexed.stoppedAt).replace(/[ \t-\r]+$/, '');
  if (lexed.words.length === 0) return piece('comment', comment);
  const shown = joined(
    comment === '' ? rawWords(line, lexed) : [...rawWords(line, lexed), comment],
  );
  if (lexed.words[0].startsWith('.')) return piece('directive', shown);
  return piece(sections.has(lexed.words[0]) ? 'section' : 'line', shown);
}

/** A carriage return inside the line hides what is behind it; at its end it is the line's end. */
const hasStrayEnd = (line: string, { stoppedAt }: LexedLine): boolean =>
  line.charAt(stoppedAt) === '\r' && line.slice(stoppedAt).trim() !== '';

/** The words as they are written, with their quotes and backslashes. */
function rawWords(line: string, { ends }: LexedLine): string[] {
  return ends.map((end, at) => {
    const from = at === 0 ? 0 : ends[at - 1];
    return line.slice(from, end).replace(/^[ \t-\r]+/, '');
  });
}

/** A lone backslash would take a blank behind it for its own; a tab it leaves alone. */
function joined(words: readonly string[]): string {
  return words.reduce((before, word) => {
    const isLone = (/\\*$/.exec(before)?.[0].length ?? 0) % 2 === 1;
    return `${before}${isLone ? '\t' : ' '}${word}`;
  });
}

interface Placed extends Piece {
  readonly line: string;
  /** A comment at the margin with nothing but such comments between it and a section. */
  readonly leads: boolean;
}

/** Every line with its indentation. */
function place(pieces: readonly Piece[]): readonly Placed[] {
  const above = readAbove(pieces);
  let depth = 0;
  let isInside = false;
  return pieces.map((piece, at) => {
    const { kind, text } = piece;
    const word = kind === 'directive' ? (/^\.\w+/.exec(text)?.[0] ?? '') : '';
    if (kind === 'section') isInside = true;
    if (word === '.endif') depth = Math.max(0, depth - 1);
    const isBetween = word === '.else' || word === '.elif';
    const level = Math.max(0, depth - (isBetween ? 1 : 0));
    if (word === '.if') depth++;
    const isMargin = !isInside || kind === 'section' || kind === 'verbatim' || above[at] !== 'no';
    const blanks = kind === 'directive' ? blockIndent.repeat(level) : isMargin ? '' : indent;
    const line = text === '' ? '' : blanks + text;
    return { ...piece, line, leads: above[at] === 'directly' };
  });
}

/**
 * Comments at the margin that stand above a section: directly, or with empty lines, more comments,
 * a directive or the end of the file in between.
 */
function readAbove(pieces: readonly Piece[]): ('directly' | 'somewhere' | 'no')[] {
  let isDirect = false;
  let isAbove = true;
  return pieces
    .toReversed()
    .map(({ kind, isAtMargin }) => {
      if (kind === 'comment') {
        isDirect &&= isAtMargin;
        if (!isAtMargin || !isAbove) return 'no';
        return isDirect ? 'directly' : 'somewhere';
      }
      isDirect = kind === 'section';
      isAbove = kind === 'section' || kind === 'directive' || (kind === 'empty' && isAbove);
      return 'no';
    })
    .reverse() as ('directly' | 'somewhere' | 'no')[];
}

/** Empty lines where they belong: one before a section, none doubled, none at the edges. */
function arrange(placed: readonly Placed[]): string[] {
  const lines: string[] = [];
  let wasEmpty = false;
  let before: Placed | null = null;
  for (const piece of placed) {
    if (piece.kind === 'empty') {
      wasEmpty = true;
      continue;
    }
    if (before !== null && wantsGap(before, piece, wasEmpty)) lines.push('');
    lines.push(piece.line);
    wasEmpty = false;
    before = piece;
  }
  return lines;
}

function wantsGap(before: Placed, piece: Placed, wasEmpty: boolean): boolean {
  const opens = piece.kind === 'section' || piece.leads;
  // `.if` and its kind stand at what they are about; what `.endif` ends is above.
  const isHead = before.kind === 'directive' && !before.text.startsWith('.endif');
  if (opens && !isHead) return !before.leads;
  return wasEmpty && before.kind !== 'section';
}

/** A mistake of the layout must not become one of the configuration. */
function expectSameWords(before: string, after: string): void {
  const [old, laid] = [wordsOf(before), wordsOf(after)];
  const differs = old.findIndex((line, at) => line !== laid[at]);
  if (differs >= 0 || old.length !== laid.length) {
    throw new Error(`the layout would change what this line means: ${old[differs] ?? ''}`);
  }
}

function wordsOf(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const { words, fault } = splitLine(line, anyValue);
    if (fault !== null || /^\s*\[/.test(line) || line.includes('\0')) return [line];
    return words.length === 0 ? [] : [JSON.stringify(words)];
  });
}
