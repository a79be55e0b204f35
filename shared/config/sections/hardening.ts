// Keywords of `global` against suspicious peers, for peers that mistake what is announced, and for
// trying slow starts. Rows only; parse.ts calls them.

import { blockFor } from '../../block.ts';
import type { GlobalKeyword } from '../keyword.ts';
import { permitsExperimental } from './reverse.ts';

export const hardeningKeywords: readonly GlobalKeyword[] = [
  {
    name: 'harden.reject-privileged-ports.tcp',
    help: 'turn clients away whose own port is below 1024',
    example: 'harden.reject-privileged-ports.tcp on',
    parse: (line, global) => {
      if (!line.atMost(1)) return;
      const value = line.choice(0, ['on', 'off']);
      if (value !== null) global.rejectsPrivilegedPorts = value === 'on';
    },
  },
  {
    name: 'h2-workaround-bogus-websocket-clients',
    help: 'do not announce WebSockets over HTTP/2 to clients',
    example: 'h2-workaround-bogus-websocket-clients',
    parse: (line, { tune }) => {
      if (line.atMost(0)) tune.h2 = { ...tune.h2, announcesWebsockets: false };
    },
  },
  {
    name: 'force-cfg-parser-pause',
    help: 'let reading the configuration take longer, to try slow starts and reloads',
    example: 'force-cfg-parser-pause 1ms',
    parse: (line, _global, draft) => {
      if (!line.atMost(1) || !permitsExperimental(line, -1, `'${line.name}'`, draft)) return;
      const pauseMs = line.time(0);
      if (pauseMs !== null) blockFor(pauseMs);
    },
  },
];
