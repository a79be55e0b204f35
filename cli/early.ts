// Will this process serve by itself? Asked before the program is loaded, so that its first proxy
// thread can load at the same time. A guess from the words alone: a wrong "no" costs time, a wrong
// "yes" a thread that is dropped again.

/** Flags with which a process does something else: a check, an answer, or a master of others. */
const otherwise: ReadonlySet<string> = new Set(['-c', '-cc', '-D', '-v', '-vv', '-W', '-Ws', '-h']);

/** `words`: the entry file, then what the user wrote. */
export function willServe([entry = '', ...words]: readonly string[]): boolean {
  if (entry.endsWith('worker-process.js')) return true;
  if (!words.includes('-f') && !words.includes('--')) return false;
  return !words.some((word) => otherwise.has(word) || word.startsWith('-dK'));
}
