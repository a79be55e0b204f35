// What encrypted JSON Web Tokens may use (manual 3.1, jwt.decrypt_alg_list, jwt.decrypt_enc_list).

import { encryptedAlgorithmNames, encryptionNames } from '../../encrypted-token.ts';
import type { GlobalKeyword } from '../keyword.ts';
import type { GlobalModel } from '../model.ts';

/** `A:B`, `ALL`, `ALL:!C`; what is not named is off. null: an unknown name, given to `wrong`. */
export function readNames(
  text: string,
  names: readonly string[],
  wrong: (name: string) => void,
): string[] | null {
  const chosen = new Set<string>();
  for (const word of text.split(':')) {
    const name = word.replace(/^!/, '');
    if (word === 'ALL') for (const one of names) chosen.add(one);
    else if (!names.includes(name)) {
      wrong(name);
      return null;
    } else if (word.startsWith('!')) chosen.delete(name);
    else chosen.add(name);
  }
  return [...chosen];
}

const row = (
  name: string,
  field: 'tokenAlgorithms' | 'tokenEncryptions',
  names: readonly string[],
  help: string,
): GlobalKeyword => ({
  name,
  help,
  example: `${name} ALL:!${names[0]}`,
  parse: (line, global: GlobalModel) => {
    const text = line.atMost(1) ? line.needed(0, 'a list of names') : null;
    if (text === null) return;
    const chosen = readNames(text, names, (unknown) =>
      line.alert(0, `'${name}' : Unknown algorithm/encoding '${unknown}'.`),
    );
    if (chosen !== null) global[field] = chosen;
  },
});

export const tokenKeywords: readonly GlobalKeyword[] = [
  row(
    'jwt.decrypt_alg_list',
    'tokenAlgorithms',
    encryptedAlgorithmNames,
    'algorithms that encrypted tokens may use',
  ),
  row(
    'jwt.decrypt_enc_list',
    'tokenEncryptions',
    encryptionNames,
    'encryptions that encrypted tokens may use',
  ),
];
