// Real programs of others: Redis, PostgreSQL, MariaDB, OpenLDAP and an SMTP server, that health
// checks are tried on, and rsyslog, that log lines are sent to. Each is an instance of the test's
// own in a temporary folder, on 127.0.0.1, without a word of the machine's configuration. A program
// that is not installed is skipped by name.

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

/** Where an instance lives, and who runs it. */
export interface Place {
  readonly folder: string;
  readonly port: number;
}

export interface RealServer {
  /** The program's file, '' when it is not installed. */
  readonly program: string;
  /** The user that it insists on when it is started by root; '' for whoever starts it. */
  readonly user: string;
  /** Fills the folder; may run helpers through `run`. */
  prepare(place: Place, run: (program: string, words: readonly string[]) => void): void;
  words(place: Place): readonly string[];
}

const startMs = 60_000;
const pollMs = 50;

/** The first of these files that exists. */
const firstFile = (...files: readonly string[]): string =>
  files.find((file) => existsSync(file)) ?? '';

const postgresFolder = [17, 16, 15, 14]
  .map((version) => `/usr/lib/postgresql/${version}/bin`)
  .find((folder) => existsSync(`${folder}/initdb`));

const nothing = (): void => {};

/** Takes lines over UDP, TCP and a socket `log.sock`; writes what it understood to `seen`. */
const rsyslogText = ({ folder, port }: Place): string => `
global(workDirectory="${folder}")
module(load="imudp")
module(load="imtcp")
module(load="imuxsock" SysSock.Use="off")
template(name="seen" type="string" string="%inputname% %pri% %hostname% \
%programname% %procid% %structured-data%%msg%\\n")
input(type="imudp" address="127.0.0.1" port="${port}")
input(type="imtcp" address="127.0.0.1" port="${port}")
input(type="imuxsock" Socket="${folder}/log.sock" UseSysTimeStamp="off")
action(type="omfile" file="${folder}/seen" template="seen")
`;

export const realServers = {
  redis: {
    program: firstFile('/usr/bin/redis-server'),
    user: '',
    prepare: nothing,
    words: ({ folder, port }) => ['--port', `${port}`, '--save', '', '--dir', folder],
  },
  postgresql: {
    program: postgresFolder === undefined ? '' : `${postgresFolder}/postgres`,
    user: 'postgres',
    prepare: ({ folder }, run) =>
      run(`${postgresFolder}/initdb`, ['-D', join(folder, 'data'), '-U', 'checker', '-A', 'trust']),
    words: ({ folder, port }) => {
      const data = join(folder, 'data');
      return ['-D', data, '-k', folder, '-h', '127.0.0.1', '-p', `${port}`, '-F'];
    },
  },
  mariadb: {
    program: firstFile('/usr/sbin/mariadbd'),
    user: 'mysql',
    prepare: ({ folder }, run) => {
      const init = "CREATE USER IF NOT EXISTS 'checker'@'127.0.0.1';\n";
      writeFileSync(join(folder, 'init.sql'), init);
      const data = `--datadir=${join(folder, 'data')}`;
      run('/usr/bin/mariadb-install-db', ['--no-defaults', data, '--skip-test-db']);
    },
    words: ({ folder, port }) => [
      '--no-defaults',
      `--datadir=${join(folder, 'data')}`,
      `--socket=${join(folder, 'socket')}`,
      `--init-file=${join(folder, 'init.sql')}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
    ],
  },
  slapd: {
    program: firstFile('/usr/sbin/slapd'),
    user: '',
    prepare: ({ folder }) => {
      const lines = [`pidfile ${join(folder, 'pid')}`, `argsfile ${join(folder, 'args')}`];
      writeFileSync(join(folder, 'conf'), `${lines.join('\n')}\n`);
    },
    // -d keeps it in the foreground.
    words: ({ folder, port }) => [
      '-d',
      '0',
      '-f',
      join(folder, 'conf'),
      '-h',
      `ldap://127.0.0.1:${port}`,
    ],
  },
  msmtpd: {
    program: firstFile('/usr/bin/msmtpd'),
    user: '',
    prepare: nothing,
    words: ({ port }) => ['--interface=127.0.0.1', `--port=${port}`, '--command=/bin/true'],
  },
  rsyslog: {
    program: firstFile('/usr/sbin/rsyslogd'),
    user: '',
    prepare: (place) => writeFileSync(join(place.folder, 'rsyslog.conf'), rsyslogText(place)),
    words: ({ folder }) => ['-n', '-i', join(folder, 'pid'), '-f', join(folder, 'rsyslog.conf')],
  },
} as const satisfies Readonly<Record<string, RealServer>>;

/** A port that was free a moment ago: these programs bind for themselves. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const opens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

interface Owned {
  readonly uid?: number;
  readonly gid?: number;
}

/** Ids to run as, {} where the program does not mind or we are not root. */
function ownerOf({ user }: RealServer): Owned {
  if (user === '' || process.getuid?.() !== 0) return {};
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** A running instance: gone with the test at the latest. */
export class RealInstance implements Place {
  readonly folder: string;
  readonly port: number;
  private readonly child: ChildProcess;

  private constructor({ folder, port }: Place, child: ChildProcess) {
    this.folder = folder;
    this.port = port;
    this.child = child;
  }

  /** Starts one and waits until it listens. */
  static async start(context: TestContext, server: RealServer): Promise<RealInstance> {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-real-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const owner = ownerOf(server);
    mkdirSync(join(folder, 'data'));
    if (owner.uid !== undefined) {
      chmodSync(folder, 0o755);
      execFileSync('chown', ['-R', `${owner.uid}:${owner.gid}`, folder]);
    }
    const place = { folder, port: await freePort() };
    const options = { cwd: folder, ...owner, env: { ...process.env, LC_ALL: 'C' } };
    server.prepare(place, (program, words) => {
      const { status, stdout, stderr } = spawnSync(program, words, {
        ...options,
        encoding: 'utf8',
      });
      assert.equal(status, 0, `${program}: ${stdout}${stderr}`);
    });
    const child = spawn(server.program, server.words(place), { ...options, stdio: 'ignore' });
    const instance = new RealInstance(place, child);
    context.after(() => instance.kill());
    for (let waitedMs = 0; !(await opens(place.port)); waitedMs += pollMs) {
      assert.equal(child.exitCode, null, `${server.program} has ended`);
      assert.ok(waitedMs < startMs, `${server.program} does not listen`);
      await wait(pollMs);
    }
    return instance;
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
