// What a service manager receives, read by a datagram socket of the test.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AF_UNIX, SOCK_DGRAM } from '../shared/sys/constants.ts';
import { linuxSys } from '../shared/sys/linux.ts';
import { encodeAddress } from '../shared/sys/sockaddr.ts';
import { ServiceNotice } from './service-notice.ts';

const sys = linuxSys();

/** A socket bound to what NOTIFY_SOCKET would name, and the next datagram in it. */
function listen(path: string) {
  const fd = sys.socket(AF_UNIX, SOCK_DGRAM, 0);
  const name = sys.address();
  const abstract = path.startsWith('@');
  const host = abstract ? path.slice(1) : path;
  encodeAddress({ family: abstract ? 'abnsz' : 'unix', host, port: 0 }, name);
  assert.equal(sys.bind(fd, name), 0);
  const memory = sys.region(4096);
  return {
    next: (): string => {
      const length = sys.recv(fd, memory, 0, 4096, 0);
      return length < 0 ? '' : Buffer.from(memory.bytes.subarray(0, length)).toString();
    },
    close: () => sys.close(fd),
  };
}

test('each notice is one datagram, to a path or to an abstract name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-test-'));
  for (const path of [join(folder, 'notify'), `@hawser-notify-${process.pid}`]) {
    const manager = listen(path);
    const notice = new ServiceNotice(sys, path);
    notice.ready();
    assert.equal(manager.next(), `READY=1\nMAINPID=${process.pid}\nSTATUS=Ready.\n`);
    notice.reloading();
    assert.match(
      manager.next(),
      /^RELOADING=1\nSTATUS=Reloading Configuration\.\nMONOTONIC_USEC=\d+\n$/,
    );
    notice.reloadFailed();
    assert.equal(manager.next(), 'READY=1\nSTATUS=Reload failed!\n');
    notice.stopping();
    assert.equal(manager.next(), 'STOPPING=1');
    assert.equal(manager.next(), '');
    manager.close();
    notice.ready();
  }
  new ServiceNotice(sys, '').ready();
  rmSync(folder, { recursive: true });
});
