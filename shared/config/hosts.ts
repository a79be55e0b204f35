// Host names to addresses while loading: the hosts file first, then the system's resolver, all
// names of a load in one helper process, because a start-up is synchronous. Never called later.

import { spawnSync } from 'node:child_process';
import { isIP } from 'node:net';
import { readText } from './files.ts';

export class HostResolver {
  readonly known = new Map<string, string | null>();
  hosts: Map<string, string> | null = null;
  private readonly isIpv4Only: () => boolean;

  /** `isIpv4Only`: asked at each name, because a line may say so. */
  constructor(isIpv4Only: () => boolean = () => false) {
    this.isIpv4Only = isIpv4Only;
  }

  /** One address of `name`, null when there is none. IPv4 is preferred, as HAProxy does. */
  resolve(name: string): string | null {
    if (!this.known.has(name)) this.prepare([name]);
    return this.known.get(name) ?? null;
  }

  /** Resolves many names at once. */
  prepare(names: readonly string[]): void {
    this.hosts ??= readHosts(readText('/etc/hosts').text);
    const unknown: string[] = [];
    for (const name of new Set(names)) {
      if (this.known.has(name)) continue;
      const local = this.hosts.get(name.toLowerCase());
      const isWanted = local !== undefined && (isIP(local) === 4 || !this.isIpv4Only());
      if (!isWanted) unknown.push(name);
      else this.known.set(name, local);
    }
    if (unknown.length === 0) return;
    const found = askSystem(unknown, this.isIpv4Only() ? 4 : 0);
    for (const name of unknown) this.known.set(name, found[name] ?? null);
  }
}

function readHosts(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    if (family === 0) continue;
    for (const name of names.map((one) => one.toLowerCase())) {
      if (!found.has(name) || (family === 4 && isIP(found.get(name)!) === 6)) {
        found.set(name, address);
      }
    }
  }
  return found;
}

const script = `
const { promises } = require('node:dns');
const names = JSON.parse(process.argv[1]);
const family = Number(process.argv[2]);
const found = {};
Promise.all(names.map((name) => promises.lookup(name, { all: true, family }).then((list) => {
  found[name] = (list.find((one) => one.family === 4) ?? list[0])?.address ?? null;
}, () => { found[name] = null; }))).then(() => process.stdout.write(JSON.stringify(found)));
`;

/** How long all names together may take. */
const timeoutMs = 30_000;

/** `family`: 4 or 0 for any. */
function askSystem(names: readonly string[], family: number): Record<string, string | null> {
  const words = ['-e', script, JSON.stringify(names), String(family)];
  const child = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    timeout: timeoutMs,
  });
  return child.status === 0 ? (JSON.parse(child.stdout) as Record<string, string | null>) : {};
}
