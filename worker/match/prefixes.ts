// Index of prefixes: a tree of texts in which a question walks down the sample once, whatever the
// number of patterns. Edits add nodes or empty them; nothing is sorted. Questions run while
// serving.
//
// A node stands for the text from the root to its end. Its own part is characters `from` to `end`
// of its label, any pattern below it; siblings are linked, told apart by their first character.

import type { Sample } from '../sample/sample.ts';
import { KeyedEntries } from './keyed-entries.ts';
import type { PatternEntry, PatternIndex, PatternOptions } from './pattern.ts';
import { folder } from './strings.ts';
import { lowerAscii } from './text.ts';

type Entries = readonly PatternEntry[];

/** Trees give the longest prefix; where case is ignored HAProxy walks the list: the first one. */
export function prefixIndex(entries: Entries, options: PatternOptions): PatternIndex {
  if (entries.length === 1) return singlePrefix(entries[0], options);
  const fold = folder(options);
  const tree = new PrefixTree();
  for (const entry of entries) tree.add(fold(entry.text), entry);
  const edits = {
    insert: (entry: PatternEntry): boolean => {
      tree.add(fold(entry.text), entry);
      return true;
    },
    remove: (entry: PatternEntry): boolean => {
      tree.remove(fold(entry.text), entry);
      return true;
    },
  };
  if (options.ignoreCase) {
    return {
      test: (sample) => tree.longest(lowerAscii(sample.text)) !== null,
      find: (sample) => tree.first(lowerAscii(sample.text)),
      ...edits,
    };
  }
  return {
    test: (sample) => tree.longest(sample.text) !== null,
    find: (sample) => tree.longest(sample.text),
    ...edits,
  };
}

function singlePrefix(entry: PatternEntry, options: PatternOptions): PatternIndex {
  const key = folder(options)(entry.text);
  const { length } = key;
  const test = options.ignoreCase
    ? (sample: Sample) =>
        sample.text.length >= length && lowerAscii(sample.text.slice(0, length)) === key
    : (sample: Sample) => sample.text.startsWith(key);
  return { test, find: (sample) => (test(sample) ? entry : null) };
}

// Words of a node; node 0 is the root and never anybody's child, so 0 also says "none".
const nodeWords = 5;
const childWord = 0;
const siblingWord = 1;
const codeWord = 2;
const endWord = 3;
const usedWord = 4;

class PrefixTree {
  private nodes: Int32Array;
  private count: number;
  private readonly labels: string[];
  /** By node. */
  private readonly entries: KeyedEntries<number>;

  constructor() {
    this.nodes = new Int32Array(64 * nodeWords);
    this.count = 1;
    this.labels = [''];
    this.entries = new KeyedEntries();
  }

  add(key: string, entry: PatternEntry): void {
    const node = this.reach(key);
    this.nodes[node * nodeWords + usedWord] = 1;
    this.entries.add(node, entry);
  }

  /** The node stays for the next one. */
  remove(key: string, entry: PatternEntry): void {
    this.entries.remove(this.reach(key), entry);
  }

  /** The entry with the longest key that starts `text`, the first one of that key. */
  longest(text: string): PatternEntry | null {
    const { nodes, entries } = this;
    let found: PatternEntry | undefined;
    for (let node = 0; node >= 0; node = this.step(node, text)) {
      if (nodes[node * nodeWords + usedWord] !== 0) found = entries.get(node) ?? found;
    }
    return found ?? null;
  }

  /** The first entry of the list whose key starts `text`. */
  first(text: string): PatternEntry | null {
    const { nodes, entries } = this;
    let found: PatternEntry | null = null;
    for (let node = 0; node >= 0; node = this.step(node, text)) {
      if (nodes[node * nodeWords + usedWord] === 0) continue;
      const entry = entries.get(node);
      if (entry !== undefined && (found === null || entry.id < found.id)) found = entry;
    }
    return found;
  }

  /** The child of `node` that goes on along `text`, -1: none. */
  private step(node: number, text: string): number {
    const { nodes } = this;
    const at = nodes[node * nodeWords + endWord];
    if (at >= text.length) return -1;
    const child = this.childWith(node, text.charCodeAt(at));
    if (child === 0) return -1;
    const end = nodes[child * nodeWords + endWord];
    return end <= text.length && this.common(child, text, at + 1, end) === end ? child : -1;
  }

  private childWith(node: number, code: number): number {
    const { nodes } = this;
    let child = nodes[node * nodeWords + childWord];
    while (child !== 0 && nodes[child * nodeWords + codeWord] !== code) {
      child = nodes[child * nodeWords + siblingWord];
    }
    return child;
  }

  /** Where the label of `node` and `text` part, at most at `end`. */
  private common(node: number, text: string, from: number, end: number): number {
    const label = this.labels[node];
    let at = from;
    while (at < end && label.charCodeAt(at) === text.charCodeAt(at)) at++;
    return at;
  }

  /** The node of a key, made when there is none. */
  private reach(key: string): number {
    let node = 0;
    while (true) {
      const at = this.nodes[node * nodeWords + endWord];
      if (at === key.length) return node;
      const child = this.childWith(node, key.charCodeAt(at));
      if (child === 0) return this.append(node, key, at, key.length);
      const end = this.nodes[child * nodeWords + endWord];
      const parting = this.common(child, key, at + 1, Math.min(end, key.length));
      if (parting < end) this.split(child, at, parting);
      node = child;
    }
  }

  /** A new last-in-line child of `node`. */
  private append(node: number, label: string, from: number, end: number): number {
    const child = this.take(label);
    const { nodes } = this;
    nodes[child * nodeWords + codeWord] = label.charCodeAt(from);
    nodes[child * nodeWords + endWord] = end;
    nodes[child * nodeWords + siblingWord] = nodes[node * nodeWords + childWord];
    nodes[node * nodeWords + childWord] = child;
    return child;
  }

  /** Ends `node` at `parting`; what it was becomes its only child. */
  private split(node: number, from: number, parting: number): void {
    const lower = this.take(this.labels[node]);
    const { nodes } = this;
    const at = node * nodeWords;
    const to = lower * nodeWords;
    nodes[to + childWord] = nodes[at + childWord];
    nodes[to + codeWord] = this.labels[node].charCodeAt(parting);
    nodes[to + endWord] = nodes[at + endWord];
    nodes[to + usedWord] = nodes[at + usedWord];
    for (const entry of this.entries.all(node)) {
      this.entries.remove(node, entry);
      this.entries.add(lower, entry);
    }
    nodes[at + childWord] = lower;
    nodes[at + codeWord] = this.labels[node].charCodeAt(from);
    nodes[at + endWord] = parting;
    nodes[at + usedWord] = 0;
  }

  private take(label: string): number {
    const node = this.count++;
    if (node * nodeWords === this.nodes.length) {
      const larger = new Int32Array(this.nodes.length * 2);
      larger.set(this.nodes);
      this.nodes = larger;
    }
    this.labels.push(label);
    return node;
  }
}
