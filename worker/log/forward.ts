// Messages of others on their way to the targets of a log-forward section (manual 12.6). Called by
// whoever receives them: proxy threads for datagrams, the control thread for streams. Never waits.

import type { HostStrategy } from '../../shared/config/model.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import { type ForwardParts, writeForwardHeader } from './forward-header.ts';
import { isWanted } from './logger.ts';
import type { LogTargetPlan } from './plan.ts';
import { SyslogMessage } from './syslog-message.ts';

/** A `log` line of a log-forward section. */
export interface ForwardTargetPlan extends Omit<LogTargetPlan, 'writeHeader'> {
  /** Number of its header's form (forward-header.ts). */
  readonly form: number;
  /** For messages that name none. */
  readonly facility: number;
}

export interface ForwardPlan {
  readonly targets: readonly ForwardTargetPlan[];
  readonly isOpaque: boolean;
  readonly host: HostStrategy;
}

const message = new SyslogMessage();
const parts: ForwardParts = { host: '', tag: '', facility: 0, level: 0, wallMs: 0 };

/** A message as it came: one object for each who receives, filled again. */
export interface ReceivedMessage {
  bytes: Uint8Array;
  at: number;
  length: number;
  /** The address it came from, '' for none. */
  sender: string;
  wallMs: number;
}

/** Passes a message on to every target that takes it. */
export function forwardMessage(sys: Sys, plan: ForwardPlan, received: ReceivedMessage): void {
  const { bytes, at, length, sender } = received;
  if (plan.isOpaque) message.take(bytes, at, length);
  else message.read(bytes, at, length);
  parts.host = plan.isOpaque ? '' : hostOf(plan.host, sender);
  parts.wallMs = received.wallMs;
  if (message.text.length === 0) return;
  const textEnd = endOfText();
  const { targets } = plan;
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i];
    if (isWanted(target, message.level)) send(sys, target, textEnd);
  }
}

/** What stands in place of the message's host, '' for itself. */
function hostOf(strategy: HostStrategy, sender: string): string {
  const { bytes, host } = message;
  if (sender === '' || strategy === 'keep') return '';
  if (strategy === 'replace' || host.length === 0) return sender;
  if (strategy === 'fill') return '';
  const own = Buffer.from(bytes.subarray(host.at, host.at + host.length)).toString('latin1');
  return `${own},${sender}`;
}

/** Line feeds and zeroes at the end are no part of it. */
function endOfText(): number {
  const { bytes, text } = message;
  let end = text.at + text.length;
  while (end > text.at && (bytes[end - 1] === 10 || bytes[end - 1] === 0)) end--;
  return end;
}

function send(sys: Sys, target: ForwardTargetPlan, textEnd: number): void {
  const { bytes, text } = message;
  const line = target.sender.begin(sys, target.lengthBytes);
  // The line feed always has its place.
  line.end--;
  parts.tag = target.profile?.tag ?? '';
  parts.facility = message.facility < 0 ? target.facility : message.facility;
  parts.level = Math.max(message.level, target.minLevel);
  writeForwardHeader(line, target.form, message, parts);
  line.messageAt = line.at;
  line.copy(bytes, text.at, textEnd - text.at);
  line.end = line.at + 1;
  line.byte(10);
  target.sender.commit(line);
}
