// How a runtime session's bytes become commands (management.txt 9.3): lines, ';' between
// commands, words, backslashes, payloads. Pure; session.ts feeds it.

export const wordsMax = 64;
const payloadPatternMax = 64;

/** One line: its commands, and the pattern that ends its payload (null: it has none). */
export interface CommandLine {
  readonly commands: readonly string[];
  readonly payloadEnd: string | null;
}

/** Where the line in `text` ends: index of the first \n that no backslash precedes, or -1. */
export function lineEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '\n') return i;
  }
  return -1;
}

/** Splits a line (without its \n). A last word that starts with << opens a payload. */
export function parseLine(line: string): CommandLine {
  const commands = splitCommands(line.endsWith('\r') ? line.slice(0, -1) : line);
  const last = commands[commands.length - 1];
  const wordAt = Math.max(last.lastIndexOf(' '), last.lastIndexOf('\t')) + 1;
  const word = last.slice(wordAt);
  if (!word.startsWith('<<') || word.length - 2 > payloadPatternMax) {
    return { commands, payloadEnd: null };
  }
  const before = commands.slice(0, -1);
  return { commands: [...before, last.slice(0, wordAt)], payloadEnd: word.slice(2) };
}

function splitCommands(line: string): string[] {
  const commands: string[] = [];
  let start = 0;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '\\') i++;
    else if (line[i] === ';') {
      commands.push(line.slice(start, i));
      start = i + 1;
    }
  }
  commands.push(line.slice(start));
  return commands;
}

/**
 * The words of a command: blanks separate unless a backslash precedes, then backslashes go away.
 */
export function splitWords(command: string): string[] {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  for (let i = 0; i < command.length; i++) {
    const char = command[i];
    if (char === ' ' || char === '\t') {
      if (inWord) words.push(word);
      word = '';
      inWord = false;
      continue;
    }
    inWord = true;
    if (char !== '\\') word += char;
    else if (i + 1 < command.length) word += command[++i];
  }
  if (inWord) words.push(word);
  return words;
}
