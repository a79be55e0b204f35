// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration, not of
// the code.
// The canonical layout: what moves, what stays as it is written, and where empty lines go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut } from './layout.ts';

const cases: readonly (readonly [string, string, string])[] = [
  ['lines stand four in, words one apart', 'global\n\tmaxconn   10\n', 'global\n    maxconn 10\n'],
  [
    'quotes and backslashes stay',
    'backend  "a  b"\n server s\\  x  \'y  z\'"  "\n',
    'backend "a  b"\n    server s\\  x \'y  z\'"  "\n',
  ],
  [
    'variables stay, their defaults too',
    'global\n log   "${A-b  "c}" "${L[*]}"\n',
    'global\n    log "${A-b  "c}" "${L[*]}"\n',
  ],
  [
    'an escaped blank at the end is no blank at the end',
    'global\n  a b\\  \n  c \\\n',
    'global\n    a b\\ \n    c \\\n',
  ],
  [
    'comments behind words and alone; at the margin only where nothing but a section may follow',
    'global\n a   b   # c  d  \n#e\n  # f\n c\n# g\n',
    'global\n    a b # c  d\n    #e\n    # f\n    c\n# g\n',
  ],
  [
    'one empty line between sections, none doubled, none at the edges',
    '\n\nglobal\n\n a\n\n\n b\nbackend x\n\n\nbackend y\n\n\n',
    'global\n    a\n\n    b\n\nbackend x\n\nbackend y\n',
  ],
  [
    'a comment at the margin goes with the section below it',
    'global\n a\n# about x\n# more\nbackend x\n a\n  #server off\nbackend y\n',
    'global\n    a\n\n# about x\n# more\nbackend x\n    a\n    #server off\n\nbackend y\n',
  ],
  [
    'directives stand at the margin, by their depth',
    'global\n .if 1\n .if 2\n a\n   .else\n b\n .endif\n  .endif\n',
    'global\n.if 1\n  .if 2\n    a\n  .else\n    b\n  .endif\n.endif\n',
  ],
  [
    'a section stands apart from what .endif ends, and at its own .if',
    'defaults\n.if 1\n a\n.endif\nbackend x\n.if 1\nbackend y\n.else\nbackend z\n.endif\n',
    'defaults\n.if 1\n    a\n.endif\n\nbackend x\n.if 1\nbackend y\n.else\nbackend z\n.endif\n',
  ],
  ['a lone backslash takes no blank for its own', 'global\n a \\\tb\n', 'global\n    a \\\tb\n'],
  ['carriage returns at the end go', 'global\r\n a  b\r\n', 'global\n    a b\n'],
  [
    'what the language cannot read stays',
    'global\n  a  "b\n  [x  y\n',
    'global\n  a  "b\n  [x  y\n',
  ],
  [
    'line numbers that are asked for stay',
    'global\n\n\n a  "$.LINE"\n',
    'global\n\n\n    a "$.LINE"\n',
  ],
  ['sections that do not work yet are sections', 'resolvers  r\n x\n', 'resolvers r\n    x\n'],
  ['nothing stays nothing', '\n\n', ''],
];

for (const [name, text, laid] of cases) {
  test(name, () => {
    assert.equal(layOut(text), laid);
    assert.equal(layOut(laid), laid);
  });
}
