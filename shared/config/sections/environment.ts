// Keywords of `global` about the environment, variables, paths, logs and sockets of the process.
// Rows only; parse.ts calls them. setenv and its kind change what later lines see.

import { parseAddress } from '../../address.ts';
import { groupId, userId } from '../accounts.ts';
import type { Draft } from '../draft.ts';
import { freshBind } from '../fresh.ts';
import type { GlobalKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { GlobalModel } from '../model.ts';
import { readBindWords, toAddressModel } from './bind.ts';
import { readLog } from './log-target.ts';

function setVariable(line: Line, draft: Draft, always: boolean): void {
  if (!line.atMost(2)) return;
  const name = line.needed(0, 'an environment variable name');
  if (name === null || line.needed(1, 'a value') === null) return;
  if (always || !draft.environment.has(name)) draft.environment.set(name, line.arg(1));
}

function unsetVariables(line: Line, _global: GlobalModel, draft: Draft): void {
  if (line.needed(0, 'an environment variable name') === null) return;
  for (const name of line.rest()) draft.environment.delete(name);
}

/** Keeps only the named variables. */
function resetVariables(line: Line, _global: GlobalModel, draft: Draft): void {
  const kept = new Set(line.rest());
  for (const name of [...draft.environment.keys()]) {
    if (!kept.has(name)) draft.environment.delete(name);
  }
}

function addSetVar(line: Line, global: GlobalModel): void {
  if (!/^set-var(-fmt)?$/.test(line.words[0])) return;
  if (!/^proc\.\w+/.test(line.arg(0))) {
    line.alert(0, `'${line.name}' : only variables of scope 'proc' may be set in global.`);
    return;
  }
  if (line.needed(1, 'a variable name and an expression') === null) return;
  // The compiler sees the word itself too: it tells an expression from a format.
  global.setVars = [...global.setVars, { ...line.model(-1, ''), place: line.place(-1) }];
}

function addStatsSocket(line: Line, global: GlobalModel, draft: Draft): void {
  const text = line.needed(0, 'an address or a path to a UNIX socket');
  if (text === null) return;
  const bind = freshBind(line.place(-1), []);
  const { address, error } = parseAddress(text, {
    port: true,
    portNeeded: true,
    fd: true,
    names: true,
    variables: draft.environment,
    pathPrefix: global.unixBindPrefix,
  });
  if (address === null) {
    line.alert(0, `'stats socket' : ${error}`);
    return;
  }
  const resolved = toAddressModel(address, draft);
  if (resolved === null) {
    line.alert(0, `'stats socket' : could not resolve address '${address.host}'.`);
    return;
  }
  Object.assign(bind, { addresses: [resolved], ...draft.unixBind });
  readBindWords(line, 1, bind, draft);
  if (!line.failed) global.statsSockets = [...global.statsSockets, bind];
}

function setUnixBind(line: Line, global: GlobalModel, draft: Draft): void {
  const { unixBind } = draft;
  for (let index = 0; index < line.count; index += 2) {
    const value = line.arg(index + 1);
    const row = unixWords[line.arg(index)];
    if (row === undefined || value === '') {
      line.alert(
        index,
        "'unix-bind' only supports 'prefix', 'mode', 'uid', 'gid', 'user', 'group' with a value.",
      );
      return;
    }
    const problem = row(value, unixBind, global);
    if (problem !== '') line.alert(index + 1, `'unix-bind' : ${problem}`);
  }
}

type UnixWord = (value: string, unix: Draft['unixBind'], global: GlobalModel) => string;

function unixNumber(field: 'uid' | 'gid'): UnixWord {
  return (value, unix) => {
    unix[field] = Number(value);
    return /^\d+$/.test(value) ? '' : `'${value}' is not a number`;
  };
}

const unixWords: Readonly<Record<string, UnixWord>> = {
  prefix: (value, _unix, global) => {
    global.unixBindPrefix = value;
    return '';
  },
  mode: (value, unix) => {
    unix.mode = Number.parseInt(value, 8);
    return /^[0-7]+$/.test(value) ? '' : `'${value}' is not an octal mode`;
  },
  uid: unixNumber('uid'),
  gid: unixNumber('gid'),
  user: (value, unix) => {
    const id = userId(value);
    unix.uid = id ?? -1;
    return id === null ? `'${value}' unknown user` : '';
  },
  group: (value, unix) => {
    const id = groupId(value);
    unix.gid = id ?? -1;
    return id === null ? `'${value}' unknown group` : '';
  },
};

/** Paths start from the current directory; the other starting points do not work yet. */
function setDefaultPath(line: Line): void {
  const kind = line.choice(0, ['current', 'config', 'parent', 'origin']);
  if (kind !== null && kind !== 'current') line.notSupported(0, `default-path ${kind}`);
  else line.atMost(1);
}

export const environmentKeywords: readonly GlobalKeyword[] = [
  {
    name: 'setenv',
    help: 'set an environment variable',
    example: 'setenv NAME value',
    parse: (line, _global, draft) => setVariable(line, draft, true),
  },
  {
    name: 'presetenv',
    help: 'set an environment variable unless it is set',
    example: 'presetenv NAME value',
    parse: (line, _global, draft) => setVariable(line, draft, false),
  },
  {
    name: 'unsetenv',
    help: 'remove environment variables',
    example: 'unsetenv NAME',
    parse: unsetVariables,
  },
  {
    name: 'resetenv',
    help: 'remove all environment variables but these',
    example: 'resetenv PATH HOME',
    parse: resetVariables,
  },
  {
    name: 'default-path',
    help: 'directory that relative file names start from',
    example: 'default-path current',
    parse: setDefaultPath,
  },
  {
    name: 'set-var',
    help: 'set a process variable from an expression',
    example: 'set-var proc.started int(1)',
    parse: addSetVar,
  },
  {
    name: 'set-var-fmt',
    help: 'set a process variable from a format',
    example: 'set-var-fmt proc.site "%[env(SITE)]"',
    parse: addSetVar,
  },
  {
    name: 'stats socket',
    help: 'a socket of the runtime API',
    example: 'stats socket /run/lb.sock mode 600 level admin',
    parse: addStatsSocket,
  },
  {
    name: 'stats timeout',
    help: 'idle time of runtime API sessions',
    example: 'stats timeout 30s',
    parse: (line, global) => {
      const value = line.atMost(1) ? line.time(0) : null;
      if (value !== null) global.statsTimeoutMs = value;
    },
  },
  {
    name: 'stats maxconn',
    help: 'sessions of the runtime API',
    example: 'stats maxconn 10',
    parse: (line, global) => {
      const value = line.atMost(1) ? line.integer(0, { min: 1 }) : null;
      if (value !== null) global.statsMaxconn = value;
    },
  },
  {
    name: 'unix-bind',
    help: 'prefix and rights of the unix sockets that follow',
    example: 'unix-bind prefix /run mode 770',
    parse: setUnixBind,
  },
  {
    name: 'log',
    help: 'a log target of the process',
    example: 'log 127.0.0.1:514 local0 notice',
    negatable: true,
    parse: (line, global, draft) => {
      global.logs = readLog(line, global.logs, draft, null) ?? global.logs;
    },
  },
  {
    name: 'log-tag',
    help: 'program name in log lines',
    example: 'log-tag lb',
    parse: (line, global) => {
      const tag = line.atMost(1) ? line.needed(0, 'a tag for use in syslog') : null;
      if (tag !== null) global.logTag = tag;
    },
  },
  {
    name: 'log-send-hostname',
    help: 'host name in log lines',
    example: 'log-send-hostname lb1',
    parse: (line, global, draft) => {
      if (!line.atMost(1)) return;
      if (draft.once.has(line.name)) line.repeated();
      else global.logSendHostname = line.arg(0);
      draft.once.add(line.name);
    },
  },
];
