// The name of a header field that a rule adds or sets. Called while actions are built.

import type { HeaderName } from '../http/message.ts';
import type { Scope, WordCursor } from '../keyword.ts';
import { takeWord } from './arguments.ts';

/** What no name of a field may hold (RFC 9110, 5.6.2), with the rest of a UTF-8 character. */
const forbidden = /[^!#$%&'*+.^_`|~0-9A-Za-z-][\x80-\xbf]*/;

/**
 * Takes a name. One that no field may have is told of: a colon at its end or a space is a quote out
 * of place, a '%[' would not be evaluated. The rule stays, as in HAProxy: what ran goes on running.
 */
export function takeHeaderName(words: WordCursor, scope: Scope): HeaderName | null {
  const place = words.here();
  const text = takeWord(words, scope, 'a header name');
  if (text === null) return null;
  const bad = forbidden.exec(text.replace(/^:/, ''));
  if (bad !== null) {
    const what = `header name '${text}' contains forbidden character '${bad[0]}'`;
    scope.warningAt(place, what, 'peers may refuse the message or drop the field');
  }
  return scope.header(text);
}
