// Servers that join and leave a backend of one thread while it serves. Called between two turns of
// the loop, as the control thread tells (worker/thread-servers.ts).

import type { ServerModel } from '../../shared/config/model.ts';
import type { Backend } from './backend.ts';
import type { FarmBlock } from './farm.ts';
import { Server } from './server.ts';
import type { ObjectWords } from './words.ts';

/**
 * A server joins at place `index`, in maintenance: the control thread lets it be enabled once every
 * thread has it. Costs the same however many servers there are.
 */
export function admit(
  backend: Backend,
  model: ServerModel,
  index: number,
  place: ObjectWords,
): Server {
  const server = new Server(model, index, place, backend.parts.home);
  backend.servers[index] = server;
  backend.waiting.admit(server);
  backend.balancer.admit(server);
  backend.persistence.admit(server);
  return server;
}

/** The servers need more room than there was: from now on threads balance in `block`. */
export function moveTo(backend: Backend, block: FarmBlock): void {
  const balancer = backend.parts.rebalance(block);
  backend.balancer = balancer;
  backend.waiting.useBlock(block, balancer);
  balancer.refresh();
}

/** The server is gone; nobody uses it any more. */
export function expel(backend: Backend, server: Server): void {
  server.retire();
  backend.persistence.renew();
}

/** The server has another name or address. */
export function renew(backend: Backend, server: Server): void {
  server.renew();
  backend.persistence.renew();
  backend.balancer.admit(server);
  backend.statesChanged();
}
