// Words of `userlist` sections. Rows write UserlistModel; passwords are compared by the worker.

import type { Mutable, NamedSection, UserlistKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { UserlistModel } from '../model.ts';

function readNames(line: Line, index: number): string[] | null {
  const text = line.needed(index, 'a list of names');
  return text === null ? null : text.split(',').filter((name) => name !== '');
}

export const userlistKeywords: readonly UserlistKeyword[] = [
  {
    name: 'group',
    help: 'a group and its users',
    example: 'group admins users ann,bob',
    parse: (line, list) => {
      const name = line.needed(0, '<name> as argument');
      if (name === null) return;
      if (list.groups.some((group) => group.name === name)) {
        line.warning(0, `ignoring duplicated group '${name}' in userlist '${list.name}'.`);
        return;
      }
      if (line.count === 1) return void list.groups.push({ name, users: [] });
      if (line.arg(1) !== 'users') {
        line.alert(1, "'group' only supports 'users' option.");
        return;
      }
      const users = line.atMost(3) ? readNames(line, 2) : null;
      if (users !== null) list.groups.push({ name, users });
    },
  },
  {
    name: 'user',
    help: 'a user, its password and its groups',
    example: 'user ann insecure-password secret groups admins',
    parse: (line, list) => {
      const name = line.needed(0, '<name> as argument');
      if (name === null) return;
      if (list.users.some((user) => user.name === name)) {
        line.warning(0, `ignoring duplicated user '${name}' in userlist '${list.name}'.`);
        return;
      }
      const user = { name, password: '', secure: false, groups: [] as string[] };
      for (let index = 1; index < line.count; index += 2) {
        const word = line.arg(index);
        const value = line.arg(index + 1);
        if (word === 'insecure-password') user.password = value;
        else if (word === 'password') Object.assign(user, { password: value, secure: true });
        else if (word === 'groups') user.groups = readNames(line, index + 1) ?? [];
        else {
          line.alert(index, "'user' only supports 'password', 'insecure-password' and 'groups'.");
          return;
        }
      }
      list.users.push(user);
    },
  },
];

export const userlistSection: NamedSection<Mutable<UserlistModel>> = {
  name: 'userlist',
  rows: userlistKeywords,
  open: (line, draft) => {
    const name = line.needed(0, '<name> as arguments');
    if (name === null || !line.atMost(1)) return null;
    if (draft.userlists.some((list) => list.name === name)) {
      line.warning(0, `ignoring duplicated userlist '${name}'.`);
      return null;
    }
    const list = { name, users: [], groups: [] };
    draft.userlists.push(list);
    return list;
  },
};
