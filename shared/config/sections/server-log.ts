// Words of `server` lines that concern servers of log lines: those of rings and of log backends.

import type { ServerKeyword } from '../keyword.ts';
import { wordChoice, wordSize } from './bind.ts';

/** Words of `server` lines of rings and log backends. */
export const ringServerWords: readonly ServerKeyword[] = [
  {
    name: 'log-bufsize',
    takes: 1,
    help: 'bytes of log lines that may wait for the server',
    example: 'server s 127.0.0.1:514 log-bufsize 65536',
    parse: (cursor, { model }) => {
      const size = wordSize(cursor);
      if (size !== null) model.logBufsize = size;
    },
  },
  {
    name: 'log-proto',
    takes: 1,
    help: 'how log lines are framed',
    example: 'server s 127.0.0.1:514 log-proto octet-count',
    parse: (cursor, { model }) => {
      const proto = wordChoice(cursor, ['legacy', 'octet-count']);
      if (proto !== null) model.logProto = proto;
    },
  },
];
