// What may not stand in code that runs per request (the hot-path rules of the style page), found in
// syntax trees: for test/tidy.test.ts. In the folders that only serve, everything runs per request
// but constructors and what `compile` or `build` does. In the folders of keyword families, what
// runs per request are the closures that are returned, and the functions of the same file that
// those call.

import {
  isArrowFunction,
  isBlock,
  isCallExpression,
  isConditionalExpression,
  isConstructorDeclaration,
  isFunctionExpression,
  isFunctionLikeDeclaration,
  isIdentifier,
  isNewExpression,
  isObjectLiteralExpression,
  isParenthesizedExpression,
  isPropertyAssignment,
  isPropertyAccessExpression,
  isReturnStatement,
  isVariableStatement,
  type CallExpression,
  type FunctionLikeDeclaration,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { functionName, lineOf, type Source, walk } from './source-tree.ts';

export interface HotFault {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

const folderOf = (name: string): string => `worker/${name}/`;

const servingFolders = ['memory', 'loop', 'conn', 'http', 'mux', 'stream'].map(folderOf);
const familyFolders = ['sample', 'match', 'balance', 'actions', 'server'].map(folderOf);

const startVerbs = /^(compile|build)([A-Z]|$)/;

const functionMethods = new Set([
  ...['map', 'filter', 'forEach', 'reduce', 'reduceRight', 'some', 'every', 'flatMap', 'sort'],
  ...['find', 'findIndex', 'findLast', 'findLastIndex', 'toSorted', 'replace', 'replaceAll'],
]);

const timers = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);

/** The banned things in a file that serves, at the line they stand on. */
export function hotFaults(source: Source): HotFault[] {
  const isIn = (folders: readonly string[]): boolean =>
    folders.some((folder) => source.path.startsWith(folder));
  if (isIn(servingFolders)) return faultsIn(source, servingFunctions(source));
  return isIn(familyFolders) ? faultsIn(source, familyFunctions(source)) : [];
}

function faultsIn(source: Source, functions: Iterable<Node>): HotFault[] {
  const faults = new Map<string, HotFault>();
  for (const one of functions) {
    walk(one, (node) => {
      const what = bannedThing(node);
      const line = lineOf(source, node.getStart(source.tree));
      if (what !== undefined) faults.set(`${line} ${what}`, { path: source.path, line, what });
      return undefined;
    });
  }
  return [...faults.values()];
}

/** Outermost functions that serve: all but constructors and start verbs, and what those return. */
function servingFunctions(source: Source): Node[] {
  const found: Node[] = [];
  const look = (node: Node): void => {
    if (isFunctionLikeDeclaration(node) && runsServing(node)) found.push(node);
    else {
      node.forEachChild((child) => {
        look(child);
        return undefined;
      });
    }
  };
  look(source.tree);
  return found;
}

function runsServing(node: FunctionLikeDeclaration): boolean {
  if (node.body === undefined || isStartArgument(node)) return false;
  const isStart = isConstructorDeclaration(node) || startVerbs.test(functionName(node));
  return !isStart || isReturned(node);
}

/** Returned closures, and the functions of this file that they call, and so on. */
function familyFunctions(source: Source): Set<Node> {
  const own = new Map<string, Node>();
  source.tree.forEachChild((node) => {
    for (const one of topFunctions(node)) own.set(functionName(one), one);
    return undefined;
  });
  const found = new Set<Node>();
  const add = (root: Node): void => {
    if (found.has(root)) return;
    found.add(root);
    walk(root, (node) => {
      const called = isIdentifier(node) ? own.get(node.text) : undefined;
      if (called !== undefined && !startVerbs.test(functionName(called))) add(called);
      return undefined;
    });
  };
  walk(source.tree, (node) => {
    if (isFunctionValue(node) && isReturned(node)) add(node);
    return undefined;
  });
  return found;
}

/** The functions that a statement of a file declares. */
function topFunctions(node: Node): Node[] {
  if (isFunctionLikeDeclaration(node)) return [node];
  if (!isVariableStatement(node)) return [];
  return node.declarationList.declarations.flatMap(({ initializer }) =>
    initializer !== undefined && isFunctionValue(initializer) ? [initializer] : [],
  );
}

/** Whether a function value leaves the function around it as (a part of) what that returns. */
function isReturned(node: Node): boolean {
  let { parent } = node;
  while (
    isParenthesizedExpression(parent) ||
    isConditionalExpression(parent) ||
    isObjectLiteralExpression(parent) ||
    isPropertyAssignment(parent)
  ) {
    ({ parent } = parent);
  }
  const isBody = isArrowFunction(parent) && !isBlock(parent.body);
  return isReturnStatement(parent) || (isBody && !isStartArgument(parent));
}

/** `rows.map((row) => ...)` outside of any function runs at start. */
function isStartArgument(node: Node): boolean {
  return isFunctionValue(node) && isCallExpression(node.parent);
}

const isFunctionValue = (node: Node): boolean =>
  isArrowFunction(node) || isFunctionExpression(node);

function bannedThing(node: Node): string | undefined {
  switch (node.kind) {
    case SyntaxKind.AwaitExpression:
      return 'await';
    case SyntaxKind.AsyncKeyword:
      return 'async';
    case SyntaxKind.SpreadElement:
    case SyntaxKind.SpreadAssignment:
      return 'spread';
    case SyntaxKind.TryStatement:
      return 'try';
    case SyntaxKind.RegularExpressionLiteral:
      return 'a RegExp built while serving';
    default:
      return isCallExpression(node) ? bannedCall(node) : bannedNew(node);
  }
}

function bannedNew(node: Node): string | undefined {
  if (!isNewExpression(node) || !isIdentifier(node.expression)) return undefined;
  return node.expression.text === 'RegExp' ? 'a RegExp built while serving' : undefined;
}

function bannedCall(node: CallExpression): string | undefined {
  const { expression } = node;
  if (isIdentifier(expression)) return timers.has(expression.text) ? 'a timer of Node' : undefined;
  if (!isPropertyAccessExpression(expression)) return undefined;
  const { name } = expression;
  if (expression.expression.getText() === 'JSON') return 'JSON';
  const isGiven = node.arguments.some(isFunctionValue);
  return functionMethods.has(name.text) && isGiven ? `.${name.text} with a function` : undefined;
}
