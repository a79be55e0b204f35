// Keywords of `global` that say who the process is once it serves: user, group, capabilities.
// Rows only; parse.ts calls them. They write GlobalModel and nothing else.

import { groupId, userId } from '../accounts.ts';
import type { Draft } from '../draft.ts';
import type { GlobalKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { GlobalModel } from '../model.ts';

/** True the first time; later the alert that HAProxy gives, and false. */
export function first(line: Line, draft: Draft, as = line.name): boolean {
  if (!draft.once.has(as)) {
    draft.once.add(as);
    return true;
  }
  line.repeated();
  return false;
}

/** By the names of capabilities(7), in the order in which HAProxy tells them. */
const capabilityNumbers: ReadonlyMap<string, number> = new Map([
  ['cap_net_raw', 13],
  ['cap_net_admin', 12],
  ['cap_net_bind_service', 10],
  ['cap_sys_admin', 21],
]);

function setCapabilities(line: Line, global: GlobalModel): void {
  if (!line.atMost(1)) return;
  const known = [...capabilityNumbers.keys()];
  const list = `${known.slice(0, -1).join(', ')} and ${known.at(-1)}`;
  const names = line.arg(0) === '' ? [] : line.arg(0).split(',');
  const unknown = names.find((name) => !capabilityNumbers.has(name));
  if (names.length === 0 || unknown !== undefined) {
    const why =
      unknown === undefined ? 'missing capability name(s)' : `unsupported capability '${unknown}'`;
    line.alert(-1, `'setcap' : ${why}.  Supported ones are: ${list}.`);
    return;
  }
  const numbers = names.map((name) => capabilityNumbers.get(name) ?? 0);
  global.capabilities = [...new Set([...global.capabilities, ...numbers])];
}

function setUser(line: Line, global: GlobalModel, draft: Draft): void {
  if (!line.atMost(1) || !first(line, draft, 'user/uid')) return;
  const name = line.needed(0, 'a user name');
  if (name === null) return;
  const uid = userId(name);
  if (uid === null) line.alert(0, `cannot find user id for '${name}'`);
  else Object.assign(global, { user: name, uid });
}

function setGroup(line: Line, global: GlobalModel, draft: Draft): void {
  if (!line.atMost(1) || !first(line, draft, 'group/gid')) return;
  const name = line.needed(0, 'a group name');
  if (name === null) return;
  const gid = groupId(name);
  if (gid === null) line.alert(0, `cannot find group id for '${name}'`);
  else Object.assign(global, { group: name, gid });
}

export const identityKeywords: readonly GlobalKeyword[] = [
  {
    name: 'setcap',
    help: 'capabilities that a change of user leaves',
    example: 'setcap cap_net_bind_service,cap_net_admin',
    parse: setCapabilities,
  },
  { name: 'user', help: 'user to run as', example: 'user root', parse: setUser },
  { name: 'group', help: 'group to run as', example: 'group root', parse: setGroup },
  {
    name: 'uid',
    help: 'user number to run as',
    example: 'uid 1000',
    parse: (line, global, draft) => {
      if (!line.atMost(1) || !first(line, draft, 'user/uid')) return;
      const value = line.integer(0);
      if (value !== null) global.uid = value;
    },
  },
  {
    name: 'gid',
    help: 'group number to run as',
    example: 'gid 1000',
    parse: (line, global, draft) => {
      if (!line.atMost(1) || !first(line, draft, 'group/gid')) return;
      const value = line.integer(0);
      if (value !== null) global.gid = value;
    },
  },
];
