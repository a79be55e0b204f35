// Checks that speak a protocol of their own: one row each, with the steps it takes. Lists and
// packets are those that the reference sends; what judges the answers is beside (mysql.ts, ldap.ts,
// spop.ts). Start only.

import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import type { LineModel } from '../../shared/config/model.ts';
import type { CheckKind } from '../../shared/config/model-check.ts';
import type { FormatText, Scope } from '../keyword.ts';
import { compileRegex } from '../match/regex.ts';
import { grpcRequest, judgeGrpc, serviceBytesMax } from './grpc.ts';
import { judgeLdap } from './ldap.ts';
import { judgeMysqlGreeting, judgeMysqlLogin, mysqlLogin } from './mysql.ts';
import {
  type CheckPlan,
  type CheckScope,
  type CheckStep,
  type DraftStep,
  type ExpectStep,
  judgedBad,
  judgedGood,
  judgedWait,
  type ExpectedStep,
  expectStep,
} from './plan.ts';
import { finishSteps } from './rules.ts';
import { judgeSpop, spopHello } from './spop.ts';
import { newConnect } from './steps.ts';

interface ProtocolDef {
  readonly kind: CheckKind;
  /** Its answers are those of HTTP. */
  readonly isHttp?: true;
  /** null after an alert. */
  readonly steps: (args: readonly string[], scope: Scope) => DraftStep[] | null;
}

const L7Response = checkStatusNumber('L7RSP');
const L7Status = checkStatusNumber('L7STS');

const send = (number: number, text: string): CheckStep => ({
  kind: 'send',
  number,
  comment: '',
  text: () => text,
  isHex: false,
});

/** A step whose judgement sets status and code itself. */
const expect = (number: number, expected: Omit<ExpectedStep, 'number'>): ExpectStep =>
  expectStep({ number, ...expected });

interface Wanted {
  /** Bytes that must have come before a mismatch counts, -1: until nothing more comes. */
  readonly least: number;
  readonly status: number;
  /** The text of an answer that fits is not wanted. */
  readonly isInverse?: boolean;
  /** Where a code stands at the start of what was received: its length. */
  readonly codeLength?: number;
}

function fitting(pattern: string, wanted: Wanted): ExpectStep['judge'] {
  const regex = compileRegex(pattern);
  if (typeof regex === 'string') throw new Error(regex);
  const { least, status, isInverse = false, codeLength = 0 } = wanted;
  return (answer, isLast) => {
    const isFinal = isLast || answer.isFull();
    if (!isFinal && answer.length < least) return judgedWait;
    const isFound = regex.test(answer.text());
    if (!isFound && !isFinal && least < 0) return judgedWait;
    if (codeLength > 0) answer.code = Number.parseInt(answer.text().slice(0, codeLength), 10) || 0;
    if (isFound !== isInverse) return judgedGood;
    answer.status = status;
    return judgedBad;
  };
}

const textOf = (from: number): FormatText => {
  return (stream) => {
    const { at, length } = stream.responsePayload;
    const { bytes } = stream.thread.memory;
    return Buffer.from(bytes.subarray(at + from, at + Math.max(from, length))).toString('latin1');
  };
};

/** Up to the first line end. */
const lineOf = (from: number): FormatText => {
  const text = textOf(from);
  return (stream) => text(stream).split(/[\r\n]/, 1)[0];
};

const sentence: FormatText = (stream) => lineOf(4)(stream).replace(/^ +/, '');
const always =
  (text: string): FormatText =>
  () =>
    text;

// ---- Redis ----

const redisPing = '*1\r\n$4\r\nPING\r\n';

function redisSteps(): DraftStep[] {
  const pong = '+PONG\r\n';
  const judge: ExpectStep['judge'] = (answer, isLast) => {
    const isFinal = isLast || answer.isFull();
    if (answer.text().includes(pong)) return judgedGood;
    if (!isFinal) return judgedWait;
    answer.status = L7Status;
    return judgedBad;
  };
  const ok = always('Redis server is ok');
  return [send(1, redisPing), expect(2, { judge, onSuccess: ok, onError: lineOf(0) })];
}

// ---- SSLv3 hello ----

const helloStart = '\x16\x03\x00\x00\x79\x01\x00\x00\x75\x03\x00';
const helloRandom = 'HAPROXYSSLCHK\nHAPROXYSSLCHK\n';

/** The suites that everything before TLS 1.3 may know: 0x01 to 0x1b and 0x2f to 0x3a. */
function helloSuites(): string {
  let text = '';
  for (let suite = 0x01; suite <= 0x3a; suite++) {
    if (suite <= 0x1b || suite >= 0x2f) text += `\x00${String.fromCharCode(suite)}`;
  }
  return text;
}

function helloSteps(): DraftStep[] {
  const suites = helloSuites();
  const length = String.fromCharCode(suites.length >> 8, suites.length & 255);
  const seconds = Buffer.alloc(4);
  const hello: FormatText = (stream) => {
    seconds.writeUInt32BE(Math.floor(stream.thread.time.wallMs / 1000) >>> 0);
    const random = seconds.toString('latin1') + helloRandom;
    return `${helloStart}${random}\x00${length}${suites}\x01\x00`;
  };
  const L6Response = checkStatusNumber('L6RSP');
  const isHello = fitting('^[\\x15\\x16]', { least: 5, status: L6Response });
  return [
    { kind: 'send', number: 1, comment: '', text: hello, isHex: false },
    expect(2, {
      judge: isHello,
      okStatus: checkStatusNumber('L6OK'),
      timeoutStatus: checkStatusNumber('L6TOUT'),
    }),
  ];
}

// ---- SMTP ----

function smtpSteps(args: readonly string[]): DraftStep[] {
  const isGiven = (args[0] === 'EHLO' || args[0] === 'HELO') && args[1] !== undefined;
  const greeting = isGiven ? `${args[0]} ${args[1]}` : 'HELO localhost';
  const code = { least: 4, codeLength: 3 };
  const good = '^2[0-9]{2}[ \\r]';
  return [
    newConnect(1, { isDefault: true, lingers: true }),
    expect(2, {
      judge: fitting('^[0-9]{3}[ \\r]', { least: 4, status: L7Response }),
      onError: lineOf(0),
    }),
    expect(3, { judge: fitting(good, { ...code, status: L7Status }), onError: sentence }),
    send(4, `${greeting}\r\n`),
    expect(5, {
      judge: fitting('^(2[0-9]{2}-[^\\r]*\\r\\n)*2[0-9]{2}[ \\r]', {
        least: -1,
        codeLength: 3,
        status: L7Status,
      }),
      onError: sentence,
      onSuccess: sentence,
    }),
    send(6, 'QUIT\r\n'),
    expect(7, {
      judge: fitting('^2[0-9]{2}[- \\r]', { ...code, status: L7Status }),
      onError: sentence,
      onSuccess: sentence,
    }),
  ];
}

// ---- PostgreSQL ----

function pgsqlSteps(args: readonly string[], scope: Scope): DraftStep[] | null {
  const [word, user] = args;
  if (word === undefined || user === undefined) {
    scope.alert("'option pgsql-check' expects 'user <username>' as argument");
    return null;
  }
  if (word !== 'user') {
    scope.alert("'option pgsql-check' only supports optional values: 'user'");
    return null;
  }
  const body = `\0\x03\0\0user\0${user}\0\0`;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return [
    newConnect(1, { isDefault: true, lingers: true }),
    send(2, length.toString('latin1') + body),
    expect(3, {
      judge: fitting('^E', { least: 5, status: L7Response, isInverse: true }),
      onError: textOf(6),
    }),
    // An authentication request of a known kind.
    expect(4, {
      judge: fitting('^R\\x00\\x00\\x00.\\x00\\x00\\x00[\\x00\\x02-\\x07\\x09\\x0a]', {
        least: 9,
        status: L7Status,
      }),
      onSuccess: always('PostgreSQL server is ok'),
      onError: always('PostgreSQL unknown error'),
    }),
  ];
}

// ---- MySQL ----

function mysqlSteps(args: readonly string[], scope: Scope): DraftStep[] | null {
  const connect = newConnect(1, { isDefault: true, lingers: true });
  const [word, user, version = 'post-41'] = args;
  if (word === undefined) return [connect, expect(2, { judge: judgeMysqlGreeting })];
  if (word !== 'user') {
    scope.alert(`'option mysql-check' only supports optional values: 'user' (got '${word}')`);
    return null;
  }
  if (user === undefined) {
    scope.alert("'option mysql-check user' expects <username> as argument");
    return null;
  }
  const login = mysqlLogin(version, user);
  if (login === null) {
    const known = "'post-41', 'pre-41' and 'post-80'";
    scope.alert(`keyword 'user' only supports ${known} (got '${version}')`);
    return null;
  }
  return [
    connect,
    send(2, login),
    expect(3, { judge: judgeMysqlGreeting }),
    expect(4, { judge: judgeMysqlLogin }),
  ];
}

// ---- LDAP, SPOP ----

/** An anonymous simple bind of LDAPv3, message 1 (RFC 4511 4.2). */
const ldapBind = '\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00';

function ldapSteps(): DraftStep[] {
  return [
    send(1, ldapBind),
    expect(2, {
      judge: fitting('^\\x30', { least: 14, status: L7Response }),
      onError: always('Not LDAPv3 protocol'),
    }),
    expect(3, { judge: judgeLdap }),
  ];
}

function spopSteps(): DraftStep[] {
  return [
    newConnect(1, { isDefault: true, proto: 'none' }),
    send(2, spopHello),
    expect(3, { judge: judgeSpop }),
  ];
}

function grpcSteps(args: readonly string[], scope: Scope): DraftStep[] | null {
  const words = [...args];
  const service = words[0] === undefined || words[0] === 'authority' ? '' : words.shift();
  const [word, authority = ''] = words;
  if (word !== undefined && (word !== 'authority' || authority === '')) {
    scope.alert(`'option grpc-check' : expects 'authority <name>' (got '${word}').`);
    return null;
  }
  if (Buffer.byteLength(service ?? '') > serviceBytesMax) {
    scope.alert(
      `'option grpc-check' : the service's name is longer than ${serviceBytesMax} bytes.`,
    );
    return null;
  }
  return [
    newConnect(1, { isDefault: true, proto: 'h2', alpn: 'h2' }),
    grpcRequest(2, service ?? '', authority),
    expect(3, { judge: judgeGrpc }),
  ];
}

const protocols = [
  { kind: 'redis-check', steps: redisSteps },
  { kind: 'ssl-hello-chk', steps: helloSteps },
  { kind: 'smtpchk', steps: smtpSteps },
  { kind: 'pgsql-check', steps: pgsqlSteps },
  { kind: 'mysql-check', steps: mysqlSteps },
  { kind: 'ldap-check', steps: ldapSteps },
  { kind: 'spop-check', steps: spopSteps },
  { kind: 'grpc-check', isHttp: true, steps: grpcSteps },
] as const satisfies readonly ProtocolDef[];

const byKind = new Map<CheckKind, ProtocolDef>(protocols.map((def) => [def.kind, def]));

/** The plan of a protocol's option line; null after an alert, undefined: it is none of these. */
export function buildProtocol(
  kind: CheckKind,
  line: LineModel | null,
  scopes: CheckScope,
): CheckPlan | null | undefined {
  const def = byKind.get(kind);
  if (def === undefined || line === null) return undefined;
  const drafts = def.steps(line.words, scopes.at(line));
  if (drafts === null) return null;
  const steps = finishSteps(drafts);
  const family = def.isHttp === true ? 'http' : 'protocol';
  return { family, steps, presets: [], disablesOn404: false, sendsState: false };
}
