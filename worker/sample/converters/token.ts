// Converters of JSON and of JSON Web Tokens (manual 7.3.1, "json_query", "jwt_verify"). Paths,
// algorithms and keys are checked at start; the loader has read the files of keys.

import type { KeyObject } from 'node:crypto';
import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindAny, kindBinary, kindSint, kindString } from '../sample.ts';
import { parseJsonPath, queryJson } from './json-path.ts';
import {
  buildPublicKey,
  tokenAlgorithms,
  tokenAlgorithmUnknown,
  tokenPart,
  verifyToken,
} from './json-web-token.ts';
import { variableText } from './operand.ts';

/** Converts the JSON in the sample; null: alert given. */
function buildQuery(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [path, type = ''] = args as readonly string[];
  const steps = parseJsonPath(path);
  if (typeof steps === 'string') {
    scope.alert(steps);
    return null;
  }
  if (type !== '' && type !== 'int') {
    scope.alert(`output type '${type}' is not 'int', the only one there is`);
    return null;
  }
  const wantsInteger = type === 'int';
  return (sample) => queryJson(sample, steps, wantsInteger);
}

const partHeader = 0;
const partClaims = 1;

/** Without arguments the part itself. */
function buildPartQuery(part: number) {
  return (args: readonly ArgumentValue[], scope: Scope): Convert | null => {
    const wantsAll = args.length === 0 || args[0] === '';
    const query: Convert | null = wantsAll ? () => true : buildQuery(args, scope);
    if (query === null) return null;
    return (sample, stream) => {
      const json = tokenPart(sample.text, part);
      return json !== null && sample.setText(json) && query(sample, stream);
    };
  };
}

/** Public keys of files, by path, as this line and its variables may name them. */
type FindKey = (path: string) => KeyObject | null;

const variableStart = /^(proc|sess|txn|req|res|check)\./;
const isVariable = (word: string): boolean => variableStart.test(word);

/** The text of a word, or of a variable. null: alert given. */
function wordReader(word: string, scope: Scope): ((stream: Stream) => string | null) | null {
  return isVariable(word) ? variableText(word, scope) : () => word;
}

/**
 * A path in a variable may name any key that the configuration names elsewhere. Every key is made
 * now: nothing is parsed while serving.
 */
function keyFinder(word: string, scope: Scope): FindKey {
  const { contents } = scope.model;
  const made = new Map<string, KeyObject | null>();
  for (const [path, text] of Object.entries(contents)) {
    if (path !== word && !isVariable(word)) continue;
    if (text.includes(' PUBLIC KEY-----')) made.set(path, buildPublicKey(text));
  }
  return (path) => made.get(path) ?? null;
}

/** '' or what is wrong with the key of a constant algorithm and path. */
function keyFault(word: string, name: string, findKey: FindKey): string {
  const algorithm = isVariable(name) ? undefined : tokenAlgorithms.get(name);
  const needsKey = algorithm !== undefined && /^(rsa|pss|ecdsa)$/.test(algorithm.family);
  if (!needsKey || isVariable(word) || findKey(word) !== null) return '';
  return `'${word}' is not a file with a public key in PEM form`;
}

function buildVerify(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [name, keyWord] = args as readonly string[];
  if (!isVariable(name) && !tokenAlgorithms.has(name)) {
    scope.alert(`'${name}' is not an algorithm of JSON Web Tokens`);
    return null;
  }
  const findKey = keyFinder(keyWord, scope);
  const fault = keyFault(keyWord, name, findKey);
  if (fault !== '') {
    scope.alert(fault);
    return null;
  }
  const readName = wordReader(name, scope);
  const readKey = wordReader(keyWord, scope);
  if (readName === null || readKey === null) return null;
  return (sample, stream) => {
    const algorithmName = readName(stream);
    const key = readKey(stream);
    if (algorithmName === null || key === null) return false;
    const algorithm = tokenAlgorithms.get(algorithmName);
    if (algorithm === undefined) return sample.setInt(tokenAlgorithmUnknown);
    const publicKey = algorithm.family === 'hmac' ? null : findKey(key);
    return sample.setInt(verifyToken(sample.text, algorithm, key, publicKey));
  };
}

const queryArgs = (optional: boolean): readonly ArgumentDef[] => [
  { name: 'json_path', type: 'string', optional },
  { name: 'output_type', type: 'string', optional: true },
];

/** A converter of one part of a token. */
function partRow(name: string, what: string, part: number): ConverterDef {
  return {
    name,
    args: queryArgs(true),
    takes: kindBinary,
    returns: kindAny,
    help: `${what} of a JSON Web Token, or a value in it`,
    example: `${name}($.alg)`,
    build: buildPartQuery(part),
  };
}

export const tokens: readonly ConverterDef[] = [
  {
    name: 'json_query',
    args: queryArgs(false),
    takes: kindString,
    returns: kindAny,
    help: 'a value in a JSON text, by its path',
    example: 'json_query($.a.b,int)',
    build: buildQuery,
  },
  partRow('jwt_header_query', 'header', partHeader),
  partRow('jwt_payload_query', 'claims', partClaims),
  {
    name: 'jwt_verify',
    args: [
      { name: 'alg', type: 'string' },
      { name: 'key', type: 'string' },
    ],
    takes: kindBinary,
    returns: kindSint,
    help: 'verifies the signature of a JSON Web Token: 1 when it is right',
    example: 'jwt_verify(HS256,secret)',
    build: buildVerify,
  },
];
