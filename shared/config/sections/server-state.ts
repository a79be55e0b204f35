// Keywords about files of server states: where they are, and which backends read them (manual 3.1
// and 4.2). Rows only; server-states.ts reads the files.

import type { GlobalKeyword, ProxyKeyword } from '../keyword.ts';

export const serverStateGlobals: readonly GlobalKeyword[] = [
  {
    name: 'server-state-base',
    help: 'folder of the files of server states',
    example: 'server-state-base /var/lib/haproxy/state',
    parse: (line, global) => {
      const path = line.atMost(1) ? line.needed(0, 'one argument: a directory path') : null;
      if (path !== null) global.serverStateBase = path;
    },
  },
  {
    name: 'server-state-file',
    help: 'file of the states of all servers',
    example: 'server-state-file all',
    parse: (line, global) => {
      const path = line.atMost(1) ? line.needed(0, 'one argument: a file path') : null;
      if (path !== null) global.serverStateFile = path;
    },
  },
];

const ownName = 'use-backend-name';

export const serverStateKeywords: readonly ProxyKeyword[] = [
  {
    name: 'load-server-state-from-file',
    side: 'back',
    defaults: 'yes',
    help: 'where the states of servers are found at start',
    example: 'load-server-state-from-file none',
    parse: (line, { model }) => {
      const where = line.atMost(1) ? line.choice(0, ['global', 'local', 'none']) : null;
      if (where !== null) model.loadServerState = where;
    },
  },
  {
    name: 'server-state-file-name',
    side: 'back',
    defaults: 'yes',
    help: 'file of the states of the servers of one backend',
    example: 'server-state-file-name web',
    parse: (line, { model }) => {
      if (!line.atMost(1)) return;
      const name = line.arg(0);
      model.serverStateFileName = name === ownName ? '' : name;
    },
  },
];
