// The words of `server` lines about sockets that are more than a number: a SOCKS4 proxy in between,
// signatures of segments, congestion control (manual 5.2).

import { clientNamespaceWord } from '../../sys/namespaces.ts';
import type { Draft } from '../draft.ts';
import type { ServerKeyword, WordCursor } from '../keyword.ts';
import type { AddressModel } from '../model.ts';
import type { ServerModel, ServerSocketModel } from '../model-server.ts';
import { wordText } from './bind.ts';
import { readMd5Key } from './md5-key.ts';
import { readNamespace } from './namespace.ts';
import { readProbeAddress } from './server-check.ts';

function change(model: ServerModel, fields: Partial<ServerSocketModel>): void {
  model.socket = { ...model.socket, ...fields };
}

/** The address of the proxy: its port must be said. */
function readProxy(cursor: WordCursor, draft: Draft): AddressModel | null {
  const { line, index } = cursor;
  const text = line.arg(index + 1);
  if (text === '') {
    return line.alert(index, "'socks4' expects <addr>:<port> as argument.");
  }
  const address = readProbeAddress(cursor, draft);
  if (address === null || isPath(address) || address.port > 0) return address;
  return line.alert(index + 1, `'socks4 ${text}' : missing port specification in '${text}'.`);
}

const isPath = ({ family }: AddressModel): boolean => family !== 'ipv4' && family !== 'ipv6';

export const serverSocketKeywords: readonly ServerKeyword[] = [
  {
    name: 'socks4',
    takes: 1,
    help: 'SOCKS4 proxy that connections to the server go through',
    example: 'server s 127.0.0.1:80 socks4 127.0.0.1:1080',
    parse: (cursor, { model }, draft) => {
      const socks4 = readProxy(cursor, draft);
      if (socks4 !== null) change(model, { socks4 });
    },
  },
  {
    name: 'check-via-socks4',
    takes: 0,
    help: 'health checks go through the SOCKS4 proxy too',
    example: 'server s 127.0.0.1:80 socks4 127.0.0.1:1080 check check-via-socks4',
    parse: (_cursor, { model }) => change(model, { checkViaSocks4: true }),
  },
  {
    name: 'tcp-md5sig',
    takes: 1,
    help: 'key of the signatures of TCP segments (RFC 2385)',
    example: 'server s 127.0.0.1:80 tcp-md5sig secret',
    parse: (cursor, { model }) => {
      const md5Key = readMd5Key(cursor);
      if (md5Key !== null) change(model, { md5Key });
    },
  },
  {
    name: 'namespace',
    takes: 1,
    help: 'network namespace that connections to the server are made in; *: that of the client',
    example: 'server s 127.0.0.1:80 namespace blue',
    parse: (cursor, { model }) => {
      const isClients = cursor.line.arg(cursor.index + 1) === clientNamespaceWord;
      const namespace = isClients ? clientNamespaceWord : readNamespace(cursor);
      if (namespace !== null) change(model, { namespace });
    },
  },
  {
    name: 'cc',
    takes: 1,
    help: 'congestion control, by the kernel’s name of it',
    example: 'server s 127.0.0.1:80 cc reno',
    parse: (cursor, { model }) => {
      const congestion = wordText(cursor);
      if (congestion !== null) change(model, { congestion });
    },
  },
];
