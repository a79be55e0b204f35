// A server's move to another address or port, in words: what changes, or why it cannot
// (management.txt 9.3, set server addr). Called for commands and for resolvers.

import type { AddressModel, ServerModel } from '../../shared/config/model.ts';

/** A port as written: whether it counts from the client's own, and the number in 16 bits. */
export interface Port {
  readonly isOffset: boolean;
  readonly value: number;
}

/** Where the server shall be; '' takes its address away. */
export interface AddressPlan {
  readonly host: string;
  readonly port?: Port;
}

export interface AddressChange {
  /** '' : nothing changes. */
  readonly said: string;
  readonly address: AddressModel;
}

const incompatible =
  "can't change <port> to port map because it is incompatible with current health check " +
  "port configuration (use 'port' statement from the 'server' directive).";

/** What becomes another; a sentence: it cannot. */
export function addressChange(
  server: ServerModel,
  { host, port }: AddressPlan,
): AddressChange | string {
  const { address } = server;
  const said: string[] = [];
  if (host !== address.host)
    said.push(`IP changed from '${shown(address.host)}' to '${shown(host)}'`);
  if (port !== undefined && isOther(port, address)) {
    if (port.isOffset && !address.portOffset && server.check && server.checkPort === 0) {
      return incompatible;
    }
    const from = `${sign(address.portOffset)}${address.port}`;
    said.push(`port changed from '${from}' to '${sign(port.isOffset)}${port.value}'`);
  }
  const { value, isOffset } = port ?? { value: address.port, isOffset: address.portOffset };
  const family = host === '' ? 'unspecified' : host.includes(':') ? 'ipv6' : 'ipv4';
  return {
    said: said.join(', '),
    address: { ...address, family, host, port: value, portOffset: isOffset },
  };
}

const shown = (host: string): string => host || '(none)';
const sign = (isOffset: boolean): string => (isOffset ? '+' : '');

function isOther({ value, isOffset }: Port, { port, portOffset }: AddressModel): boolean {
  return value !== port || isOffset !== portOffset;
}
