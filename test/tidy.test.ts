// The style page as a program: import ranks, sizes, names, hot-path words, headings, and what may
// not lie about in a repository. A rule's exceptions stand below by name, each with its reason; an
// exception that nothing needs any more fails too, so the list only gets shorter.

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  isVariableStatement,
  type Node,
  type Statement,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { hotFaults } from './harness/hot-words.ts';
import { edgeFault, importCycles } from './harness/import-ranks.ts';
import {
  functionsOf,
  lineOf,
  readSources,
  repositoryFiles,
  root,
  type Source,
} from './harness/source-tree.ts';

const fileLinesMax = 400;
const tableLinesMax = 500;
const functionLinesMax = 60;
const columnsMax = 100;
const literalColumnsMax = 140;
const parametersMax = 4;
const blobBytesMax = 200_000;

interface Exception {
  readonly rule: string;
  readonly path: RegExp;
  readonly reason: string;
}

const kernelCalls = 'the arguments of a system call, as the kernel has them';

const exceptions: readonly Exception[] = [
  { rule: 'parameters', path: /^shared\/sys\/sockets\.ts:/, reason: kernelCalls },
  { rule: 'parameters', path: /^shared\/sys\/fake\/(socket-calls|sys)\.ts:/, reason: kernelCalls },
  {
    rule: 'parameters',
    path: /^shared\/sys\/openssl-callbacks\.ts:/,
    reason: "a callback's signature, as OpenSSL has it",
  },
  {
    rule: 'hot path',
    path: /^worker\/loop\/loop\.ts:\d+: try/,
    reason: 'the one guard around each dispatch',
  },
  {
    rule: 'hot path',
    path: /^worker\/conn\/(thread-set|tls-contexts)\.ts:/,
    reason: 'runs at start, once per bind or server line',
  },
  {
    rule: 'hot path',
    path: /^worker\/actions\/verdict\.ts:\d+: (\.filter|spread)/,
    reason: 'a challenge is made once per realm and kept',
  },
  {
    rule: 'file lines',
    path: /^worker\/http\/h1-head\.test\.ts:/,
    reason: 'the cases of one parser are one table',
  },
  {
    rule: 'function lines',
    path: /^worker\/stream\/stream\.ts:\d+ constructor/,
    reason: 'every field is given its first value there, so that all streams have one shape',
  },
  {
    rule: 'function lines',
    path: /^worker\/proxy-thread\.ts:\d+ constructor/,
    reason: 'the one place where a thread is put together, in an order that matters',
  },
  {
    rule: 'function lines',
    path: /^worker\/(runtime\/commands|mux\/h2-demux)\.test\.ts:/,
    reason: 'one story told in its order',
  },
  {
    rule: 'parameters',
    path: /^shared\/config\/diagnostic\.ts:\d+ add/,
    reason: 'the parts of a diagnostic, the last two optional; every loader calls it',
  },
  {
    rule: 'parameters',
    path: /^(shared\/segment\/counters\.ts:\d+ countTimes|worker\/stream\/reply\.ts:\d+ replyError)/,
    reason: 'runs per request, where an object of arguments would be garbage',
  },
  {
    rule: 'parameters',
    path: /^worker\/(stream\/stream|mux\/h1-back)\.ts:\d+ constructor/,
    reason: 'made while serving, where an object of arguments would be garbage',
  },
  {
    rule: 'parameters',
    path: /^(shared\/segment\/crash\.test|shared\/sys\/openssl-certificate)\.ts:/,
    reason: 'one step of its only caller, cut out to keep that short',
  },
  {
    rule: 'parameters',
    path: /^worker\/thread-setup\.ts:\d+ makeContext/,
    reason: 'called in one place, with things that have nothing else in common',
  },
  {
    rule: 'hot path',
    path: /^worker\/conn\/socket-options\.ts:\d+: spread/,
    reason: 'lists made once per proxy and per server, never per connection',
  },
];

const sources = readSources();
const files = repositoryFiles();
const own = sources.filter(({ path }) => !path.endsWith('.test.ts') && !path.startsWith('test/'));
const edges = sources.flatMap(({ imports }) => imports).filter(({ to }) => to.endsWith('.ts'));
const needed = new Set<Exception>();

/** Fails with all faults that no exception of the rule covers; a fault begins with its path. */
function expectNone(rule: string, faults: readonly string[]): void {
  const open = faults.filter((fault) => {
    const exception = exceptions.find((one) => one.rule === rule && one.path.test(fault));
    if (exception !== undefined) needed.add(exception);
    return exception === undefined;
  });
  assert.equal(open.length, 0, `${rule}, ${open.length} faults:\n  ${open.join('\n  ')}`);
}

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');

test('the sources are found', () => {
  assert.ok(sources.length > 200 && own.length > 150 && edges.length > 1000);
});

test('imports go down the ranks', () => {
  const faults = edges.flatMap((edge) => {
    const fault = edgeFault(edge);
    return fault === undefined ? [] : [`${edge.from} imports ${edge.to}: ${fault}`];
  });
  expectNone('ranks', faults);
});

test('no import cycles', () => {
  expectNone(
    'cycles',
    importCycles(edges).map((cycle) => cycle.join(' > ')),
  );
});

test('only shared/sys loads native code', () => {
  const faults = own
    .filter(({ path }) => !path.startsWith('shared/sys/'))
    .filter(({ imports }) => imports.some(({ to }) => to === 'koffi'))
    .map(({ path }) => path);
  expectNone('native', faults);
});

/**
 * A file that lists rows: it ends a table in `satisfies readonly …Def[]`, or exports keywords.
 */
const isTable = ({ text }: Source): boolean =>
  /satisfies readonly \w+\[\]|^export const \w+: readonly \w+Keyword\[\] = \[/m.test(text);

test('files stay short', () => {
  const faults = sources.flatMap((source) => {
    const count = linesOf(source.text).length;
    const limit = isTable(source) ? tableLinesMax : fileLinesMax;
    return count > limit ? [`${source.path}: ${count} lines, ${limit} allowed`] : [];
  });
  expectNone('file lines', faults);
});

const shapes = sources.flatMap(functionsOf);

test('functions stay short', () => {
  const long = shapes.filter(({ lines }) => lines > functionLinesMax);
  expectNone(
    'function lines',
    long.map(({ path, line, name, lines }) => `${path}:${line} ${name}: ${lines} lines`),
  );
});

test('functions take few parameters', () => {
  const wide = shapes.filter(({ parameters }) => parameters > parametersMax);
  expectNone(
    'parameters',
    wide.map(({ path, line, name, parameters }) => `${path}:${line} ${name}: ${parameters}`),
  );
});

/** Comments are wrapped by hand; code is as biome prints it, which breaks no literal. */
test('lines stay narrow', () => {
  const faults = sources.flatMap(({ path, text }) =>
    linesOf(text).flatMap((line, index) => {
      const isComment = /^\s*(\/\/|\/\*\*|\*)/.test(line);
      const isWide = line.length > (isComment ? columnsMax : literalColumnsMax);
      return isWide ? [`${path}:${index + 1}: ${line.length} columns`] : [];
    }),
  );
  expectNone('columns', faults);
});

test('what runs per request keeps to the hot-path rules', () => {
  const faults = own.flatMap(hotFaults).map(({ path, line, what }) => `${path}:${line}: ${what}`);
  expectNone('hot path', faults);
});

test('a file opens with what it owns', () => {
  const faults = sources
    .filter(({ path }) => !path.endsWith('.test.ts'))
    .filter(({ text }) => !/^(#!.*\n)?(\/\/|\/\*\*) ?\S/.test(text))
    .map(({ path }) => path);
  expectNone('heading', faults);
});

/** The contract of shared/sys is sys.ts: what fills it in says nothing twice. */
test('exports state their contract', () => {
  const spoken = own.filter(({ path }) => !path.startsWith('shared/sys/'));
  const faults = spoken.flatMap((source) =>
    source.tree.statements.flatMap((statement) =>
      isExported(statement) && isBehaviour(statement) && !isDocumented(source, statement)
        ? [`${source.path}:${lineOf(source, statement.getStart(source.tree))}`]
        : [],
    ),
  );
  expectNone('export comments', faults);
});

const isExported = (statement: Statement): boolean =>
  ((statement as { readonly modifiers?: readonly Node[] }).modifiers ?? []).some(
    ({ kind }) => kind === SyntaxKind.ExportKeyword,
  );

/** A class is what its file's heading tells; what fits an arrow says it with its name. */
const isBehaviour = (statement: Statement): boolean =>
  statement.kind === SyntaxKind.FunctionDeclaration;

function isDocumented(source: Source, statement: Statement): boolean {
  const before = source.text.slice(statement.pos, statement.getStart(source.tree));
  return before.includes('/**') || before.includes('//');
}

/** What is loaded by the address of its file: no import names it. */
const entries =
  /^(worker\/(main|thread|thread-pool|check-configuration|explain\/explain)|cli\/bundle)\.ts /;

test('nothing lies unused', () => {
  const taken = new Set(edges.flatMap(({ to, names }) => names.map((name) => `${to} ${name}`)));
  const faults = own.flatMap((source) => {
    if (taken.has(`${source.path} *`)) return [];
    return source.tree.statements
      .filter((statement) => isExported(statement) && !isNumber(statement))
      .flatMap(exportedNames)
      .filter((name) => !taken.has(`${source.path} ${name}`))
      .filter((name) => source.text.split(new RegExp(`\\b${name}\\b`)).length <= 2)
      .map((name) => `${source.path} ${name}`)
      .filter((place) => !entries.test(place));
  });
  expectNone('unused', faults);
});

/** Closed sets of numbers are written down whole, whichever of them are in use. */
const isNumber = (statement: Statement): boolean =>
  isVariableStatement(statement) &&
  statement.declarationList.declarations.every(
    ({ initializer }) => initializer?.kind === SyntaxKind.NumericLiteral,
  );

function exportedNames(statement: Statement): string[] {
  if (isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const { name } = statement as { readonly name?: Node };
  return name === undefined ? [] : [name.getText()];
}

test('names of files', () => {
  const banned = /(^|[/-])(utils?|helpers?|common|misc|manager)([.-]|$)|(^|\/)index\./;
  const faults = sources
    .map(({ path }) => path)
    .filter((path) => !/^[a-z0-9/-]+(\.test|\.fuzz|\.bench)?\.ts$/.test(path) || banned.test(path));
  expectNone('file names', faults);
});

test('the top level is fixed', () => {
  const allowed = new Set([
    ...['.ci', '.gitignore', 'LICENSE', 'README.md', 'biome.json', 'cli', 'doc', 'examples'],
    ...['master', 'package-lock.json', 'package.json', 'reg-tests', 'shared', 'test', 'worker'],
    ...['tsconfig.json', '.git'],
  ]);
  const top = new Set(files.map((path) => path.split('/')[0]));
  expectNone(
    'top level',
    [...top].filter((name) => !allowed.has(name)),
  );
});

/** Spelled in parts, so that this file does not hold them. */
const leftovers = [
  /\b(FIX(ME)|XX(X)|HA(CK))\b/,
  /\bTO(DO)\b(?!.*\buntil\b)/,
  /\bfor no(w)\b/i,
  /\b(place|stub)hold(er)\b/i,
  /\bdebugg(er);/,
  /\b(test|describe|it)\.on(ly)\(/,
];

test('no leftovers', () => {
  const faults = sources.flatMap(({ path, text }) =>
    linesOf(text).flatMap((line, index) =>
      leftovers.some((pattern) => pattern.test(line))
        ? [`${path}:${index + 1}: ${line.trim()}`]
        : [],
    ),
  );
  expectNone('leftovers', faults);
});

const isText = (path: string): boolean => !readFileSync(join(root, path)).includes(0);

test('no paths of a machine, no big files', () => {
  const machine = new RegExp(['/wor', 'k/|/ro', 'ot/|/ho', 'me/\\w|/tm', 'p/ha/'].join(''));
  const faults = files
    .filter(isText)
    .flatMap((path) =>
      linesOf(readFileSync(join(root, path), 'utf8')).flatMap((line, index) =>
        machine.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 80)}`] : [],
      ),
    );
  expectNone('machine paths', faults);
  expectNone(
    'size',
    files.filter((path) => statSync(join(root, path)).size > blobBytesMax),
  );
});

test('the lock file names no server', () => {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  assert.ok(lock.includes('"integrity"') && !lock.includes('"resolved"'));
});

test('every exception is still needed', () => {
  const idle = exceptions.filter((one) => !needed.has(one));
  assert.deepEqual(
    idle.map(({ rule, path }) => `${rule}: ${path}`),
    [],
  );
});
