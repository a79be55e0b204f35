// A WordCursor over a line of the model: reads its words one by one, knowing where each stands.

import type { Place } from '../shared/config/diagnostic.ts';
import type { LineModel } from '../shared/config/model.ts';
import type { WordCursor } from './keyword.ts';

/** `from`: index of the first word to read; `parenthesis`: what the action's name carries. */
export function lineCursor(line: LineModel, from = 0, parenthesis = ''): WordCursor {
  return new LineCursor(line, from, parenthesis);
}

class LineCursor implements WordCursor {
  readonly words: readonly string[];
  readonly place: Place;
  readonly parenthesis: string;
  index: number;
  private readonly columns: readonly number[];

  constructor(line: LineModel, from: number, parenthesis: string) {
    this.words = line.words;
    this.place = line.place;
    this.parenthesis = parenthesis;
    this.index = from;
    this.columns = line.columns;
  }

  peek(): string {
    return this.words[this.index] ?? '';
  }

  next(): string {
    return this.words[this.index++] ?? '';
  }

  atEnd(): boolean {
    return this.index >= this.words.length;
  }

  here(): Place {
    const { file, line, column } = this.place;
    return { file, line, column: this.columns[this.index] ?? column };
  }
}
