// A real TLS server reads the message, sees its name, and answers it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { firstKeyPem, firstPem } from '../../test/harness/certificates.ts';
import { clientHello } from './client-hello.ts';

const handshake = 22;
const serverHello = 2;

test('a server answers with its hello', async (t) => {
  const names: string[] = [];
  const server = createServer({
    key: firstKeyPem,
    cert: firstPem,
    SNICallback: (name, settle) => {
      names.push(name);
      settle(null);
    },
  });
  // The client leaves in the middle of the handshake.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(clientHello('www.example.com'), 'latin1');
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  assert.deepEqual([data[0], data[5]], [handshake, serverHello]);
  assert.deepEqual(names, ['www.example.com']);
});
