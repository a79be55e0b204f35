// Datagram sockets of log-forward sections as one proxy thread watches them (manual 12.6
// "dgram-bind"): every thread takes messages from the same sockets, a bounded number in a turn.
// Made by proxy-thread.ts.

import type { ThreadStart } from '../shared/messages.ts';
import { AF_UNIX, EPOLLEXCLUSIVE, EPOLLIN, MSG_DONTWAIT } from '../shared/sys/constants.ts';
import { field } from '../shared/segment/metrics.ts';
import { familyOf, formatHost, sameAddress } from '../shared/sys/sockaddr.ts';
import type { Region, SocketAddress } from '../shared/sys/sys.ts';
import { type ForwardPlan, forwardMessage, type ReceivedMessage } from './log/forward.ts';
import type { FdHandler } from './loop/poller.ts';
import type { ThreadContext } from './thread-context.ts';

const fieldReceivedLogs = field.CumRecvLogs;
/** tune.maxaccept when it is not set. */
const messagesMaxDefault = 64;

class LogSocket implements FdHandler {
  readonly fd: number;
  private readonly set: LogDatagrams;
  private readonly plan: ForwardPlan;

  constructor(fd: number, plan: ForwardPlan, set: LogDatagrams) {
    this.fd = fd;
    this.plan = plan;
    this.set = set;
  }

  onEvents(): void {
    this.set.receive(this.fd, this.plan);
  }
}

export class LogDatagrams {
  private readonly thread: ThreadContext;
  private readonly processRow: number;
  private readonly sockets: readonly LogSocket[];
  private readonly messagesMax: number;
  private readonly memory: Region | null;
  private readonly from: SocketAddress;
  /** The sender of the last message, and its text: most come from a few. */
  private readonly last: SocketAddress;
  private lastText: string;
  private watched: boolean;
  private readonly received: ReceivedMessage;

  constructor(thread: ThreadContext, start: ThreadStart, processRow: number) {
    const { sys, program } = thread;
    const { tune } = start.model.global;
    this.thread = thread;
    this.processRow = processRow;
    this.sockets = start.sectionListeners
      .filter(({ section, isDatagram }) => section === 'log-forward' && isDatagram)
      .map(({ fd, index }) => new LogSocket(fd, program.logForwards[index], this));
    this.messagesMax = tune.maxaccept > 0 ? tune.maxaccept : messagesMaxDefault;
    this.memory = this.sockets.length === 0 ? null : sys.region(tune.bufsize);
    this.from = sys.address();
    this.last = sys.address();
    this.lastText = '';
    this.watched = false;
    this.received = { bytes: new Uint8Array(0), at: 0, length: 0, sender: '', wallMs: 0 };
  }

  start(): void {
    if (this.watched) return;
    this.watched = true;
    const { poller } = this.thread;
    for (const socket of this.sockets) poller.add(socket.fd, EPOLLIN | EPOLLEXCLUSIVE, socket);
  }

  /** What waits in the sockets is left to others. */
  stop(): void {
    if (!this.watched) return;
    this.watched = false;
    for (const { fd } of this.sockets) this.thread.poller.remove(fd);
  }

  /** Called when a socket has something. */
  receive(fd: number, plan: ForwardPlan): void {
    const { thread, from, received } = this;
    const { sys, time, counters } = thread;
    const memory = this.memory as Region; // there is a socket
    for (let i = 0; i < this.messagesMax; i++) {
      const length = sys.recvFrom(fd, memory, 0, memory.bytes.length, MSG_DONTWAIT, from);
      if (length < 0) return;
      counters.values[this.processRow + fieldReceivedLogs]++;
      received.bytes = memory.bytes;
      received.length = length;
      received.sender = this.sender();
      received.wallMs = time.wallMs;
      forwardMessage(sys, plan, received);
    }
  }

  private sender(): string {
    const { from, last } = this;
    if (from.length === 0 || familyOf(from) === AF_UNIX) return '';
    if (this.lastText !== '' && sameAddress(from, last)) return this.lastText;
    last.region.bytes.set(from.region.bytes);
    last.length = from.length;
    this.lastText = formatHost(from);
    return this.lastText;
  }
}
