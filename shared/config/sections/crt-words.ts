// Options of a certificate (manual 12.7.1): those of `load` in a crt-store and, between brackets,
// of a crt-list.

import { nearestWord } from '../hint.ts';
import type { WordCursor } from '../keyword.ts';
import type { CertificateWords } from '../model-certificates.ts';

/** Words that HAProxy has and that do not work yet. */
const laterWords = ['acme', 'domains', 'ips', 'generate-dummy', 'keytype', 'bits', 'curves'];
const paths = { key: 'key', ocsp: 'ocsp', issuer: 'issuer', sctl: 'sctl' } as const;

/** `words` with the word at the cursor and its value; null: it was wrong, as has been reported. */
export function readCertificateWord(
  { line, index }: WordCursor,
  words: CertificateWords,
): CertificateWords | null {
  const word = line.arg(index);
  const value = line.arg(index + 1);
  if (laterWords.includes(word)) return line.notSupported(index, word);
  const isPath = Object.hasOwn(paths, word);
  if (!isPath && word !== 'ocsp-update' && word !== 'jwt') {
    const near = nearestWord(word, [...Object.keys(paths), 'ocsp-update', 'jwt']);
    const hint = near === '' ? '' : `did you mean '${near}' maybe ?`;
    return line.alert(index, `unknown ssl keyword ${word}`, hint);
  }
  if (value === '') return line.alert(index, `'${word}' expects a value.`);
  if (isPath) return { ...words, [word]: value };
  if (value !== 'on' && value !== 'off') {
    return line.alert(index + 1, `'${word}' expects 'on' or 'off', found '${value}'.`);
  }
  if (word === 'jwt') return { ...words, jwt: value };
  if (value === 'on') return line.notSupported(index, 'ocsp-update on');
  return { ...words, ocspUpdate: value };
}
