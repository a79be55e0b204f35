// Notices to a service manager (sd_notify protocol: datagrams to the socket that NOTIFY_SOCKET
// names,
// `@` for an abstract name). Called by the supervisor under -Ws. A notice that cannot be sent is
// lost.

import { AF_UNIX, SOCK_DGRAM } from '../shared/sys/constants.ts';
import { encodeAddress } from '../shared/sys/sockaddr.ts';
import type { Sys } from '../shared/sys/sys.ts';

/** Speaks to the service manager, or to nobody when there is none. */
export class ServiceNotice {
  private readonly sys: Sys;
  private readonly path: string;

  /** `path`: value of NOTIFY_SOCKET, '' when there is nobody to tell. */
  constructor(sys: Sys, path: string) {
    this.sys = sys;
    this.path = path;
  }

  ready(): void {
    this.send(`READY=1\nMAINPID=${process.pid}\nSTATUS=Ready.\n`);
  }

  reloading(): void {
    const microseconds = Math.floor(this.sys.monotonicNs() / 1000);
    this.send(`RELOADING=1\nSTATUS=Reloading Configuration.\nMONOTONIC_USEC=${microseconds}\n`);
  }

  /** The protocol has no word for a failed reload: the service is ready as it was. */
  reloadFailed(): void {
    this.send('READY=1\nSTATUS=Reload failed!\n');
  }

  stopping(): void {
    this.send('STOPPING=1');
  }

  private send(text: string): void {
    if (this.path === '') return;
    const { sys, path } = this;
    const to = sys.address();
    const abstract = path.startsWith('@');
    const host = abstract ? path.slice(1) : path;
    if (!encodeAddress({ family: abstract ? 'abnsz' : 'unix', host, port: 0 }, to)) return;
    const fd = sys.socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) return;
    const bytes = Buffer.from(text);
    const memory = sys.region(4096);
    memory.bytes.set(bytes);
    sys.sendTo(fd, memory, 0, bytes.length, 0, to);
    sys.close(fd);
  }
}
