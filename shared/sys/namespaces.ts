// Network namespaces by the names that `ip netns` gives them. Opened before a chroot, one set per
// thread: a thread steps into a namespace for one socket() and back, so it never stays there.

import { EINVAL } from './constants.ts';
import type { Sys } from './sys.ts';

const folder = '/var/run/netns';
const own = '/proc/thread-self/ns/net';

/** On a server line: sockets are made where the client comes from. */
export const clientNamespaceWord = '*';

export class Namespaces {
  private readonly sys: Sys;
  private readonly known: Map<string, number>;
  private readonly ownFd: number;
  private readonly listed: ReadonlySet<string>;

  /**
   * For the thread that calls: namespaces of servers, and those that clients may bring along. What
   * cannot be opened fails when it is used.
   */
  constructor(sys: Sys, names: Iterable<string>, listed: readonly string[]) {
    this.sys = sys;
    this.known = new Map();
    this.listed = new Set(listed);
    const wanted = [...new Set([...names, ...listed])].filter((name) => name !== '');
    this.ownFd = wanted.length === 0 ? -EINVAL : sys.open(own, 0, 0);
    for (const name of wanted) this.known.set(name, sys.open(`${folder}/${name}`, 0, 0));
  }

  /** Whether a client may bring this name along. */
  lists(name: string): boolean {
    return this.listed.has(name);
  }

  /** A socket in the namespace, or minus errno. */
  socket(name: string, domain: number, type: number): number {
    const { sys, ownFd } = this;
    const fd = this.known.get(name) ?? -EINVAL;
    if (fd < 0) return fd;
    if (ownFd < 0) return ownFd;
    const entered = sys.setNamespace(fd);
    if (entered < 0) return entered;
    const socket = sys.socket(domain, type, 0);
    const back = sys.setNamespace(ownFd);
    if (back < 0) throw new Error(`this thread cannot leave network namespace ${name}`);
    return socket;
  }

  close(): void {
    for (const fd of [this.ownFd, ...this.known.values()]) if (fd >= 0) this.sys.close(fd);
    this.known.clear();
  }
}

/** Path of a namespace, for a look whether it is there. */
export const namespacePath = (name: string): string => `${folder}/${name}`;
