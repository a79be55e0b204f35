// Questions to a name server by UDP, on libuv: one socket, opened with the first question and again
// after a fault. Answers of anybody else are not looked at.

import { createSocket, type Socket } from 'node:dgram';
import { SocketAddress } from 'node:net';
import type { AddressModel } from '../../shared/config/model.ts';
import type { Link, LinkEvents } from './nameserver.ts';

export class DatagramLink implements Link {
  private readonly address: AddressModel;
  private readonly events: LinkEvents;
  /** The address as the kernel writes it. */
  private readonly source: string;
  private socket: Socket | null;

  constructor(address: AddressModel, events: LinkEvents) {
    this.address = address;
    this.events = events;
    const family = address.family === 'ipv6' ? 'ipv6' : 'ipv4';
    this.source = new SocketAddress({ address: address.host, family }).address;
    this.socket = null;
  }

  send(bytes: Buffer): boolean {
    const { host, port } = this.address;
    this.socket ??= this.open();
    this.socket.send(bytes, port, host, (error) => {
      if (error === null) return this.events.sent();
      this.events.failed();
      this.close();
    });
    return true;
  }

  private open(): Socket {
    const { family, host, port } = this.address;
    const type = family === 'ipv6' ? 'udp6' : 'udp4';
    // The address is a number: nothing is to be looked up, and so nothing is to be waited for.
    const lookup = (
      _name: string,
      _options: unknown,
      done: (error: null, address: string, version: number) => void,
    ): void => done(null, host, type === 'udp6' ? 6 : 4);
    const socket = createSocket({ type, lookup });
    socket.on('error', () => this.close());
    socket.on('message', (message, from) => {
      if (from.port === port && from.address === this.source) this.events.received(message);
    });
    socket.unref();
    return socket;
  }

  close(): void {
    this.socket?.close();
    this.socket = null;
  }
}
