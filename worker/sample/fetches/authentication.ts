// Fetches of HTTP authentication (manual 7.3.6, RFC 7617, RFC 6750): what the client sent, and
// whether a userlist agrees. Verified passwords are remembered, because hashing one takes
// milliseconds.

import type { UserlistModel } from '../../../shared/config/model.ts';
import { headerName, type Message, proxyHeader } from '../../http/message.ts';
import type { ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import { lowerAscii } from '../../match/text.ts';
import { isKnownCrypt, isSame, verifyPassword } from '../crypt.ts';
import { kindBool, kindString, type Sample } from '../sample.ts';
import type { Stream } from '../../stream/stream.ts';
import { plain, requestHead } from './row.ts';

const authorization = headerName('authorization');
const proxyAuthorization = headerName('proxy-authorization');

/** What the header says; '' for what is not there. */
interface Credentials {
  /** `Basic` or `Bearer`, as HAProxy writes them. */
  readonly type: string;
  readonly user: string;
  readonly password: string;
  readonly token: string;
}

/** Scheme and rest of a header value, null without either. */
function splitScheme(value: string): { readonly scheme: string; readonly rest: string } | null {
  const space = value.indexOf(' ');
  if (space <= 0) return null;
  let at = space;
  while (value.charCodeAt(at) === 32) at++;
  return { scheme: lowerAscii(value.slice(0, space)), rest: value.slice(at) };
}

/** Requests to a proxy (option http-use-proxy-header) carry Proxy-Authorization. */
function readCredentials(message: Message): Credentials | null {
  const toProxy = (message.flags & proxyHeader) !== 0;
  const index = message.find(toProxy ? proxyAuthorization : authorization, 0);
  const parts = index < 0 ? null : splitScheme(message.valueText(index));
  if (parts === null) return null;
  if (parts.scheme === 'bearer') {
    return { type: 'Bearer', user: '', password: '', token: parts.rest };
  }
  if (parts.scheme !== 'basic') return null;
  const pair = Buffer.from(parts.rest, 'base64').toString('latin1');
  const colon = pair.indexOf(':');
  if (colon < 0) return null;
  return { type: 'Basic', user: pair.slice(0, colon), password: pair.slice(colon + 1), token: '' };
}

let lastMessage: Message | null = null;
let lastEdition = -1;
let lastCredentials: Credentials | null = null;

/** The credentials of the request, read once per edition. */
function credentials(...args: Parameters<Evaluate>): Credentials | null {
  const message = requestHead(args[0], args[1]);
  if (message === null) return null;
  if (message !== lastMessage || message.edition !== lastEdition) {
    lastCredentials = readCredentials(message);
    lastMessage = message;
    lastEdition = message.edition;
  }
  return lastCredentials;
}

type User = UserlistModel['users'][number];

/** Checks users of one list; a name in several groups is in all of them. */
class UserChecks {
  private readonly users: ReadonlyMap<string, User>;
  private readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Last password that was right, by user. */
  private readonly verified = new Map<string, string>();

  constructor(list: UserlistModel) {
    this.users = new Map(list.users.map((user) => [user.name, user]));
    const groups = new Map(list.users.map((user) => [user.name, [...user.groups]]));
    for (const { name, users } of list.groups) {
      for (const user of users) {
        const known = groups.get(user);
        if (known !== undefined && !known.includes(name)) known.push(name);
      }
    }
    this.groups = groups;
  }

  isRight(name: string, password: string): boolean {
    const user = this.users.get(name);
    if (user === undefined || user.password === '') return false;
    if (!user.secure) return isSame(password, user.password);
    const known = this.verified.get(name);
    if (known !== undefined && isSame(known, password)) return true;
    if (!verifyPassword(password, user.password)) return false;
    this.verified.set(name, password);
    return true;
  }

  groupsOf(name: string): readonly string[] {
    return this.groups.get(name) ?? [];
  }
}

/** The request carries the name and password of one of `accounts`, passwords by name. */
export function isAccount(stream: Stream, accounts: ReadonlyMap<string, string>): boolean {
  const found = credentials(stream, stream.sample3);
  if (found?.type !== 'Basic') return false;
  const password = accounts.get(found.user);
  return password !== undefined && isSame(found.password, password);
}

/** null with an alert when a password cannot be checked. */
function checksOf(index: number, scope: Scope): UserChecks | null {
  const list = scope.model.userlists[index];
  for (const { name, password, secure } of list.users) {
    if (!secure || password === '' || isKnownCrypt(password)) continue;
    scope.alert(
      `password of user '${name}' in userlist '${list.name}' has a form that is not supported yet`,
      'MD5 ($1$), SHA-256 ($5$) and SHA-512 ($6$) work',
    );
    return null;
  }
  return new UserChecks(list);
}

function buildAuth([index]: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const checks = checksOf(index as number, scope);
  if (checks === null) return null;
  return (stream, out) => {
    const found = credentials(stream, out);
    if (found === null || found.type !== 'Basic') return false;
    return out.setBool(checks.isRight(found.user, found.password));
  };
}

/** The user's name; a condition gets the groups of the user in turn, to match against patterns. */
function buildAuthGroup([index]: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const checks = checksOf(index as number, scope);
  if (checks === null) return null;
  return (stream, out) => {
    const found = credentials(stream, out);
    if (found === null || found.type !== 'Basic') return false;
    if (out.cursor === 0 && !checks.isRight(found.user, found.password)) return false;
    if (!out.iterate) return out.setText(found.user);
    return giveGroup(checks.groupsOf(found.user), out);
  };
}

function giveGroup(groups: readonly string[], out: Sample): boolean {
  if (out.cursor >= groups.length) {
    out.more = false;
    return false;
  }
  out.setText(groups[out.cursor]);
  out.cursor++;
  out.more = out.cursor < groups.length;
  return true;
}

/** http_auth_bearer([header]) */
function buildBearer([name]: readonly ArgumentValue[]): Evaluate {
  if (name === undefined || name === '') {
    return (stream, out) => {
      const found = credentials(stream, out);
      return found?.type === 'Bearer' && out.setText(found.token);
    };
  }
  const header = headerName(name as string);
  return (stream, out) => {
    const message = requestHead(stream, out);
    if (message === null) return false;
    const index = message.find(header, 0);
    if (index < 0) return out.setText('');
    const parts = splitScheme(message.valueText(index));
    return parts?.scheme === 'bearer' && out.setText(parts.rest);
  };
}

const ofHeaders = 'request-headers';
const listArg = [{ name: 'userlist', type: 'userlist' }] as const;

const part = (name: string, help: string, read: (found: Credentials) => string): FetchDef =>
  plain(name, [kindString, ofHeaders], help, (stream, out) => {
    const found = credentials(stream, out);
    return (
      found !== null &&
      (name === 'http_auth_type' || found.type === 'Basic') &&
      out.setText(read(found))
    );
  });

export const authentication: readonly FetchDef[] = [
  part('http_auth_type', 'authentication scheme of the client', (found) => found.type),
  part('http_auth_user', 'user name of Basic authentication', (found) => found.user),
  part('http_auth_pass', 'password of Basic authentication', (found) => found.password),
  {
    name: 'http_auth_bearer',
    args: [{ name: 'header', type: 'string', optional: true }],
    returns: kindString,
    reads: ofHeaders,
    help: 'token of Bearer authentication',
    example: 'http_auth_bearer',
    build: buildBearer,
  },
  {
    name: 'http_auth',
    args: listArg,
    returns: kindBool,
    reads: ofHeaders,
    help: 'user and password are those of a userlist',
    example: 'http_auth(staff)',
    build: buildAuth,
  },
  {
    name: 'http_auth_group',
    args: listArg,
    returns: kindString,
    reads: ofHeaders,
    help: 'the user, when a userlist agrees; acls match its groups',
    example: 'http_auth_group(staff)',
    build: buildAuthGroup,
  },
];
