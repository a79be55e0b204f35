// The repository's own sources as text and as syntax trees, for test/tidy.test.ts: which files
// there are, what they import, how long their functions are. Trees come from the compiler that
// builds them.

import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import {
  type CallExpression,
  isArrowFunction,
  isCallExpression,
  isConstructorDeclaration,
  isExportDeclaration,
  isFunctionLikeDeclaration,
  isIdentifier,
  isImportDeclaration,
  isNamedImports,
  isPropertyAssignment,
  isPropertyDeclaration,
  isStringLiteral,
  isVariableDeclaration,
  type ImportDeclaration,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** Built tests run from the repository's root. */
export const root = process.cwd();

const left = new Set(['node_modules', 'dist', '.git']);

/** Every file of the repository, relative, without what is installed or built. */
export function repositoryFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !left.has(entry.name))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      return entry.isDirectory() ? repositoryFiles(path) : [path];
    })
    .toSorted();
}

export interface ImportEdge {
  readonly from: string;
  /** A path of the repository, or a package's name. */
  readonly to: string;
  readonly isType: boolean;
  readonly names: readonly string[];
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
  readonly imports: readonly ImportEdge[];
}

/** The TypeScript files that the build compiles. */
export function readSources(): readonly Source[] {
  const api = new API({ cwd: root });
  try {
    const config = join(root, 'tsconfig.json');
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (project === undefined) throw new Error('tsconfig.json cannot be opened');
    return project.rootFiles.map((file) => {
      const path = relative(root, file);
      const tree = project.program.getSourceFile(file);
      if (tree === undefined) throw new Error(`${path} is not part of the program`);
      return { path, text: readFileSync(file, 'utf8'), tree, imports: importsOf(path, tree) };
    });
  } finally {
    api.close();
  }
}

/** Calls `visit` with `node` and all below it, parents first; `visit` answers false to stay out. */
export function walk(node: Node, visit: (node: Node) => boolean | undefined): void {
  if (visit(node) === false) return;
  node.forEachChild((child) => {
    walk(child, visit);
    return undefined;
  });
}

function importsOf(path: string, tree: SourceFile): ImportEdge[] {
  const edges: ImportEdge[] = [];
  walk(tree, (node) => {
    if (isImportDeclaration(node)) {
      const { isType, names } = importedNames(node);
      edges.push({ from: path, to: targetOf(path, node.moduleSpecifier), isType, names });
    } else if (isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      const to = targetOf(path, node.moduleSpecifier);
      edges.push({ from: path, to, isType: node.isTypeOnly, names: ['*'] });
    } else if (isCallExpression(node) && isDynamicImport(node)) {
      edges.push({
        from: path,
        to: targetOf(path, node.arguments[0]),
        isType: false,
        names: ['*'],
      });
    }
    return undefined;
  });
  return edges;
}

const isDynamicImport = (node: CallExpression): boolean =>
  node.expression.kind === SyntaxKind.ImportKeyword && isStringLiteral(node.arguments[0]);

function targetOf(path: string, specifier: Node): string {
  const text = isStringLiteral(specifier) ? specifier.text : '';
  return text.startsWith('.') ? posix.join(posix.dirname(path), text) : text;
}

/** What an import takes; a type import takes nothing else than types. */
function importedNames(node: ImportDeclaration): { isType: boolean; names: string[] } {
  const clause = node.importClause;
  if (clause === undefined) return { isType: false, names: [] };
  const isWhole = clause.phaseModifier === SyntaxKind.TypeKeyword;
  const bindings = clause.namedBindings;
  if (bindings === undefined || !isNamedImports(bindings)) return { isType: isWhole, names: ['*'] };
  const names = bindings.elements.map((one) => (one.propertyName ?? one.name).text);
  const isEach = bindings.elements.every((one) => one.isTypeOnly);
  return { isType: isWhole || (isEach && clause.name === undefined), names };
}

export interface FunctionShape {
  readonly path: string;
  readonly name: string;
  /** First line, from 1. */
  readonly line: number;
  /** Signature and body, without the comment above. */
  readonly lines: number;
  readonly parameters: number;
}

/** Every function with a body, methods and closures included. */
export function functionsOf(source: Source): FunctionShape[] {
  const found: FunctionShape[] = [];
  walk(source.tree, (node) => {
    if (isFunctionLikeDeclaration(node) && node.body !== undefined) {
      const line = lineOf(source, node.getStart(source.tree));
      const lines = lineOf(source, node.end) - line + 1;
      // A `this` parameter is a type annotation, not an argument.
      const parameters = node.parameters.filter((one) => nameText(one.name) !== 'this').length;
      found.push({ path: source.path, name: functionName(node), line, lines, parameters });
    }
    return undefined;
  });
  return found;
}

/** Line number, from 1, of an offset into the text. */
export const lineOf = (source: Source, offset: number): number =>
  source.tree.getLineAndCharacterOfPosition(offset).line + 1;

const nameText = (node: Node | undefined): string =>
  node !== undefined && isIdentifier(node) ? node.text : '';

export function functionName(node: Node): string {
  if (isConstructorDeclaration(node)) return 'constructor';
  const own = (node as { readonly name?: Node }).name;
  if (own !== undefined) return own.getText();
  const { parent } = node;
  const isHolder =
    isVariableDeclaration(parent) || isPropertyAssignment(parent) || isPropertyDeclaration(parent);
  if (isHolder) return parent.name.getText();
  if (isArrowFunction(node) && isCallExpression(parent)) {
    return `argument of ${parent.expression.getText()}`;
  }
  return 'anonymous';
}
