// Runtime sockets: takes connections on the listening descriptors that the master bound and gives
// each a session. On libuv, control thread only. Limits: `stats maxconn` sessions, `stats
// timeout` without a command; a client that does not read stops its own session, nobody else's.

import { createServer, type Server, type Socket } from 'node:net';
import type { BindModel } from '../../shared/config/model.ts';
import { field } from '../../shared/segment/metrics.ts';
import { type CommandTable, newSession, type SessionState } from './command.ts';
import type { RuntimeContext } from './context.ts';
import { RuntimeSession, type SessionLimits } from './session.ts';

export interface SocketServer {
  /** Stops listening and closes every session. */
  close(): void;
  /** Sessions that are open. */
  readonly count: number;
}

/** Serves every CLI listener of the context. */
export function serveSockets(context: RuntimeContext, table: CommandTable): SocketServer {
  const { model, objects } = context.stats;
  const { global } = model;
  const open = new Set<Socket>();
  const servers: Server[] = [];
  for (const listener of context.cliListeners) {
    const bind = global.statsSockets[listener.bindIndex];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      if (open.size >= global.statsMaxconn) {
        socket.destroy();
        return;
      }
      open.add(socket);
      const row = context.counters.row(objects.process);
      const { values } = context.counters;
      values[row + field.CumConns] += 1;
      values[row + field.CumReq] += 1;
      values[row + field.CumStreams] += 1;
      values[row + field.CurrStreams] += 1;
      socket.once('close', () => {
        open.delete(socket);
        values[row + field.CurrStreams] -= 1;
      });
      serve(context, table, socket, bind);
    });
    // A descriptor that fails to accept (EMFILE) is tried again by libuv; the process goes on.
    server.on('error', (error) => context.log(4, `runtime socket: ${error.message}`));
    server.listen({ fd: listener.fd });
    servers.push(server);
  }
  return {
    close: () => {
      for (const server of servers) server.close();
      for (const socket of open) socket.destroy();
    },
    get count() {
      return open.size;
    },
  };
}

function serve(
  context: RuntimeContext,
  table: CommandTable,
  socket: Socket,
  bind: BindModel,
): void {
  const { tune, statsTimeoutMs } = context.stats.model.global;
  const state: SessionState = {
    ...socketSession(bind, descriptorOf(socket), statsTimeoutMs),
    anonKey: context.anonKey,
    isGone: () => socket.destroyed,
  };
  const limits: SessionLimits = {
    lineBytes: tune.bufsize,
    payloadBytes: tune.cliMaxPayloadSize,
  };
  const output = {
    write: (text: string | Uint8Array) => written(socket, text),
    listen: () => void socket.resume(),
    isClosed: () => socket.destroyed,
    // What the client still sends is of no use to anybody: read and forget it, then hang up.
    end: () => void socket.resume().end(() => socket.destroy()),
  };
  const session = new RuntimeSession(context, table, state, { output, limits });
  socket.setEncoding('latin1');
  socket.setTimeout(state.timeoutMs);
  socket.on('timeout', () => {
    // A command may take its time; a client that leaves its answer unread may not.
    if (!session.isBusy || socket.writableLength > 0) socket.destroy();
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => session.interrupt());
  socket.on('data', async (text: string) => {
    // More than a line and a payload is never needed at once: let the client wait.
    socket.pause();
    await session.feed(text);
    socket.setTimeout(state.timeoutMs);
    socket.resume();
    if (isOver) socket.end();
  });
  // A client may say all it has to say before the first answer comes.
  let isOver = false;
  socket.on('end', () => {
    isOver = true;
    session.interrupt();
    if (!session.isBusy) socket.end();
  });
}

/** A session as the socket's line grants it. */
export function socketSession(bind: BindModel, socketFd: number, timeoutMs: number): SessionState {
  return {
    ...newSession(bind.level),
    severityOutput: bind.severityOutput,
    timeoutMs,
    socketFd,
    exposesListeners: bind.exposeFdListeners,
  };
}

/** Resolves when the client has room again, or is gone; after bytes when all of them have left. */
function written(socket: Socket, text: string | Uint8Array): void | Promise<void> {
  if (socket.destroyed) return;
  if (typeof text !== 'string')
    return new Promise((resolve) => socket.write(text, () => resolve()));
  if (socket.write(text, 'latin1')) return;
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

/**
 * Node has no public way to a socket's descriptor; the handle has carried it since its
 * beginnings.
 */
function descriptorOf(socket: Socket): number {
  const { _handle } = socket as unknown as { _handle?: { fd?: number } };
  return _handle?.fd ?? -1;
}
