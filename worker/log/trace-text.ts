// Heads of messages as traces show them.

import { latin1, type Message } from '../http/message.ts';

/** The first line in quotes, and with `all` a line for each field. */
export function messageLines(message: Message, all: boolean): string[] {
  const { bytes, headAt, headLength } = message;
  const text = latin1(bytes, headAt, headLength).trimEnd();
  const [first, ...fields] = text.split(/\r?\n/);
  return [JSON.stringify(first), ...(all ? fields : [])];
}
