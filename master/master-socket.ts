// The sockets of the master CLI (-S): their words, their binding, and one session for each
// connection. Called by the supervisor. Commands are in master-cli.ts; nothing here knows one.

import { createServer, type Socket } from 'node:net';
import { parseAddress } from '../shared/address.ts';
import { groupId, userId } from '../shared/config/accounts.ts';
import { freshBind } from '../shared/config/fresh.ts';
import type { BindModel } from '../shared/config/model.ts';
import { MasterSession } from './master-cli.ts';
import type { Program } from './program.ts';
import { openSocket, publishPaths } from './sockets.ts';
import type { Supervisor } from './supervisor.ts';

const place = { file: 'master-socket', line: 0, column: 0 };
const backlog = 128;
/** Who lets so much of an answer lie unread is hung up on. */
const unreadBytesMax = 64 * 1024 * 1024;

/** The sockets of -S: opened once, before the first worker, and kept over reloads. */
export class MasterSockets {
  private readonly program: Program;
  private readonly supervisor: Supervisor;

  constructor(program: Program, supervisor: Supervisor) {
    this.program = program;
    this.supervisor = supervisor;
  }

  /** Opens every -S; false with an alert when one cannot be opened. */
  async open(): Promise<boolean> {
    const { console, flags } = this.program;
    for (const text of flags.masterSockets) {
      const error = await this.openOne(text);
      if (error === '') continue;
      console.alert(`-S ${text}: ${error}.`);
      console.alert("Can't create the master's CLI.");
      return false;
    }
    return true;
  }

  private async openOne(text: string): Promise<string> {
    const bind = parseMasterSocket(text);
    if (typeof bind === 'string') return bind;
    const { fd } = bind.addresses[0];
    const { socket, error } = openSocket(this.program.sys, {
      bind,
      address: bind.addresses[0],
      backlog,
      reusePort: this.program.flags.reusePort,
      offeredFd: -1,
    });
    if (socket === null) return error;
    const [fault] = publishPaths(socket.family === 'unix' && fd < 0 ? [socket.host] : []);
    if (fault !== undefined) return fault;
    const server = createServer({ allowHalfOpen: true }, (connection) =>
      this.serve(connection, bind),
    );
    return await new Promise((settle) => {
      server.once('error', (fault) => settle(fault.message));
      server.listen({ fd: socket.fd }, () => settle(''));
    });
  }

  private serve(connection: Socket, bind: BindModel): void {
    const session = new MasterSession(this.supervisor, bind.level, {
      write: (text) => {
        connection.write(text, 'latin1');
        if (connection.writableLength > unreadBytesMax) connection.destroy();
      },
      end: () => void connection.end(),
    });
    connection.setEncoding('latin1');
    connection.on('data', (text: string) => session.receive(text));
    connection.on('end', () => session.finish());
    connection.on('error', () => session.abort());
    connection.on('close', () => session.abort());
  }
}

interface OptionDef {
  readonly name: string;
  /** '' or what is wrong with the value. */
  readonly apply: (bind: BindModel, value: string) => string;
}

const levels = ['user', 'operator', 'admin'] as const;

const options: readonly OptionDef[] = [
  {
    name: 'level',
    apply: (bind, value) => {
      const level = levels.find((known) => known === value);
      if (level === undefined) return `'level' only supports 'user', 'operator', and 'admin'`;
      bind.level = level;
      return '';
    },
  },
  { name: 'mode', apply: (bind, value) => number(value, 8, (mode) => (bind.mode = mode)) },
  { name: 'uid', apply: (bind, value) => number(value, 10, (uid) => (bind.uid = uid)) },
  { name: 'gid', apply: (bind, value) => number(value, 10, (gid) => (bind.gid = gid)) },
  { name: 'user', apply: (bind, value) => account(userId(value), value, (id) => (bind.uid = id)) },
  {
    name: 'group',
    apply: (bind, value) => account(groupId(value), value, (id) => (bind.gid = id)),
  },
  { name: 'backlog', apply: (bind, value) => number(value, 10, (size) => (bind.backlog = size)) },
  {
    name: 'name',
    apply: (bind, value) => {
      bind.name = value;
      return '';
    },
  },
  {
    name: 'severity-output',
    apply: (bind, value) => {
      const form = (['none', 'number', 'string'] as const).find((known) => known === value);
      if (form === undefined) return `'severity-output' expects none, number or string`;
      bind.severityOutput = form;
      return '';
    },
  },
];

function number(text: string, radix: number, set: (value: number) => void): string {
  if (!(radix === 8 ? /^[0-7]+$/ : /^\d+$/).test(text)) return `'${text}' is not a number`;
  set(Number.parseInt(text, radix));
  return '';
}

function account(id: number | null, name: string, set: (id: number) => void): string {
  if (id === null) return `'${name}' is not known on this system`;
  set(id);
  return '';
}

/** `ADDRESS[,OPTION,VALUE]...`: the bind line, or what is wrong with it. */
export function parseMasterSocket(text: string): BindModel | string {
  const [first, ...words] = text.split(/,+/);
  const { address, error } = parseAddress(first, {
    port: true,
    portNeeded: true,
    fd: true,
    names: false,
  });
  if (address === null) return error;
  const { family, socket, host, fd } = address;
  const bind = freshBind(place, [
    { family, socket, host, port: address.portLow, portOffset: false, fd },
  ]);
  bind.level = 'admin';
  for (let at = 0; at < words.length; at += 2) {
    const row = options.find(({ name }) => name === words[at]);
    if (row === undefined) return `unknown or unsupported keyword '${words[at]}'`;
    const value = words[at + 1];
    if (value === undefined) return `missing value for '${row.name}'`;
    const fault = row.apply(bind, value);
    if (fault !== '') return fault;
  }
  return bind;
}
