import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excludedNames, type KeyKind, type NamedContext, NameIndex } from './openssl-names.ts';

interface Named extends NamedContext {
  readonly name: string;
}

function indexOf(
  lines: readonly (readonly [name: string, kind: KeyKind, filters: string, isDefault?: true])[],
): NameIndex<Named> {
  const index = new NameIndex<Named>();
  for (const [number, [name, kind, text, isDefault]] of lines.entries()) {
    const filters = text.split(' ').filter((filter) => filter !== '');
    const excluded = excludedNames(filters);
    index.add({ handle: number + 1, kind, excluded, name }, filters, isDefault === true);
  }
  return index;
}

const lines = [
  ['common', 'rsa', '*.a.example one.a.example *.b.example !two.b.example', true],
  ['curve', 'ecdsa', 'One.a.example two.a.example *.b.example'],
  ['extra', 'ecdsa', '* extra.example'],
  ['odd', 'other', 'odd.example !*'],
] as const;

const cases: readonly (readonly [string, boolean, boolean, string])[] = [
  ['one.a.example', true, true, 'curve'],
  ['one.a.example', true, false, 'common'],
  ['one.a.example', false, true, 'curve'],
  ['two.a.example', true, true, 'curve'],
  // The wildcard of another kind of key is found too.
  ['two.a.example', true, false, 'common'],
  ['two.b.example', true, false, 'curve'],
  ['three.b.example', true, false, 'common'],
  ['x.three.b.example', true, true, ''],
  ['extra.example', true, false, 'extra'],
  ['odd.example', true, true, 'odd'],
  ['none', true, true, ''],
  ['', true, true, 'extra'],
  ['', true, false, 'common'],
];

test('a name leads to a certificate that the client can check', () => {
  const index = indexOf(lines);
  for (const [name, canRsa, canEcdsa, expected] of cases) {
    const found = index.find(name, canRsa, canEcdsa)?.name ?? '';
    assert.equal(found, expected, `${name} ${canRsa} ${canEcdsa}`);
  }
});
