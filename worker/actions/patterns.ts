// Actions that edit ACLs and maps while serving (manual 4.4): on this thread at once, on the
// others by way of the control thread (match/edits.ts). A list that no acl or map uses is left
// alone, as HAProxy does: the name is looked up once, when all lines are compiled.

import { patternEdit } from '../match/edits.ts';
import type { PatternReference } from '../match/pattern-reference.ts';
import type { Act, ActionDef, FormatText, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import { missing, takeWord } from './arguments.ts';

type Edit = (
  stream: Stream,
  reference: PatternReference,
  text: string,
  value: string | null,
) => void;

/** Gives all entries with this text the value, or adds one; nothing when it is so already. */
const put: Edit = (stream, reference, text, value) => {
  const known = reference.first(text);
  if (known === null) {
    if (reference.check(text, value) !== '') return;
    reference.addProvisional(text, value);
  } else {
    if (value === null || known.value === value) return;
    if (reference.checkValue(value) !== '') return;
    reference.setValue(text, value);
  }
  stream.thread.publishPattern?.(reference, patternEdit('put', reference, { text, value }));
};

const remove: Edit = (stream, reference, text) => {
  if (reference.remove(text) === 0) return;
  stream.thread.publishPattern?.(reference, patternEdit('delete', reference, { text }));
};

function takeText(words: WordCursor, scope: Scope, what: string): FormatText | null {
  const text = takeWord(words, scope, what);
  return text === null ? null : scope.logFormat(text, 'text');
}

function buildEdit(edit: Edit, hasValue: boolean) {
  return (words: WordCursor, scope: Scope): Act | null => {
    if (words.parenthesis === '') {
      return missing(words, scope, 'the name of a list between parentheses');
    }
    const key = takeText(words, scope, 'a key');
    const value = hasValue ? takeText(words, scope, 'a value') : null;
    if (key === null || (hasValue && value === null)) return null;
    let reference: PatternReference | null = null;
    scope.patterns.registry.whenComplete(words.parenthesis, (found) => {
      if (found === null || found.isMap === hasValue || edit === remove) reference = found;
      else scope.alert(`'${words.parenthesis}' is ${hasValue ? 'no map' : 'a map, no list'}`);
    });
    return (stream) => {
      if (reference !== null) {
        edit(stream, reference, key(stream), value === null ? null : value(stream));
      }
      return verdictNext;
    };
  };
}

const messages = ['http-request', 'http-response'] as const;
const everywhere = ['http-request', 'http-response', 'http-after-response'] as const;

export const patterns = [
  {
    name: 'add-acl',
    sets: messages,
    help: 'Adds an entry to an ACL file unless it is there',
    example: 'add-acl(virt@blocked) %[src]',
    build: buildEdit(put, false),
  },
  {
    name: 'del-acl',
    sets: everywhere,
    help: 'Deletes an entry of an ACL file',
    example: 'del-acl(virt@blocked) %[src]',
    build: buildEdit(remove, false),
  },
  {
    name: 'set-map',
    sets: everywhere,
    help: 'Sets the value of a key of a map',
    example: 'set-map(virt@seen) %[src] %[date]',
    build: buildEdit(put, true),
  },
  {
    name: 'del-map',
    sets: everywhere,
    help: 'Deletes a key of a map',
    example: 'del-map(virt@seen) %[src]',
    build: buildEdit(remove, false),
  },
] satisfies readonly ActionDef[];
