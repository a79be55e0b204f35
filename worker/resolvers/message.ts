// DNS messages (RFC 1035, 2782, 3596, 6891): questions to bytes, and answers to records with a
// verdict. The bytes are dns-packet's; what an answer is worth is decided here, as the manual says
// (5.3.1). Pure.

import { isIPv4, isIPv6 } from 'node:net';
import { type Answer, decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet';
import { formatIpv6, parseIpv6 } from '../../shared/sys/sockaddr.ts';

export type QuestionType = 'A' | 'AAAA' | 'SRV';

export interface Question {
  readonly id: number;
  /** In lower case, without a dot at its end. */
  readonly name: string;
  readonly type: QuestionType;
}

export interface AddressRecord {
  readonly type: 'A' | 'AAAA';
  /** Whose address it is. */
  readonly name: string;
  readonly address: string;
}

export interface ServiceRecord {
  readonly type: 'SRV';
  readonly target: string;
  readonly port: number;
  readonly weight: number;
}

/** What an answer is worth, by the counters of `show resolvers`. */
export type Verdict =
  | 'valid'
  | 'invalid'
  | 'nx'
  | 'refused'
  | 'any_err'
  | 'cname_error'
  | 'truncated'
  | 'other';

export interface Reply {
  readonly verdict: Verdict;
  readonly records: readonly (AddressRecord | ServiceRecord)[];
  /** Addresses of the targets of SRV records. */
  readonly additional: readonly AddressRecord[];
}

/** The bytes of a question that announces how long an answer may be. */
export function encodeQuestion({ id, name, type }: Question, payloadBytes: number): Buffer {
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type, name, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: payloadBytes,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
}

const headerBytes = 12;
/** Least bytes of a record. */
const recordBytesMin = 6;

/** A message must have an id to be looked at. */
export function messageId(bytes: Buffer): number {
  return bytes.length < 2 ? -1 : bytes.readUInt16BE(0);
}

const none = (verdict: Verdict): Reply => ({ verdict, records: [], additional: [] });

const codeNone = 0;
const codes: ReadonlyMap<number, Verdict> = new Map([
  [3, 'nx'],
  [5, 'refused'],
]);
const truncatedBit = 0x0200;

/** `name`: what was asked for. */
export function decodeReply(bytes: Buffer, name: string, payloadBytes: number): Reply {
  if (bytes.length < 4) return none('invalid');
  const flags = bytes.readUInt16BE(2);
  const code = flags & 0x0f;
  if (code !== codeNone) return none(codes.get(code) ?? 'other');
  if (bytes.length < headerBytes || bytes.readUInt16BE(4) !== 1) return none('invalid');
  const count = bytes.readUInt16BE(6);
  if (count === 0) return none('any_err');
  if (count > (payloadBytes - headerBytes) / recordBytesMin) return none('invalid');
  const packet = decoded(bytes, (flags & truncatedBit) !== 0);
  if (packet === null) return none('invalid');
  const question = packet.questions?.[0];
  if (question === undefined || question.name.toLowerCase() !== name) return none('invalid');
  // What has come of a list of services can be used all the same.
  const isService = question.type === 'SRV';
  if (!isService && (flags & truncatedBit) !== 0) return none('truncated');
  return isService ? readServices(packet) : readAddresses(packet, name);
}

/** null: it is none. Of a message that was cut, what stands before the cut. */
function decoded(bytes: Buffer, isCut: boolean): Packet | null {
  try {
    return decode(bytes);
  } catch {
    return isCut ? decodedWithout(bytes) : null;
  }
}

/** Answers as far as they are whole; a cut message has no additional records worth reading. */
function decodedWithout(bytes: Buffer): Packet | null {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(0, 8);
  for (let count = copy.readUInt16BE(6); count >= 0; count--) {
    copy.writeUInt16BE(count, 6);
    try {
      return decode(copy);
    } catch {
      // One less, then.
    }
  }
  return null;
}

/** Addresses of `name`, or of what CNAME records make of it. */
function readAddresses(packet: Packet, name: string): Reply {
  const answers = packet.answers ?? [];
  const records: AddressRecord[] = [];
  let expected = name;
  for (const [index, answer] of answers.entries()) {
    if (answer.name.toLowerCase() !== expected) {
      return none(index === 0 ? 'invalid' : 'cname_error');
    }
    if (answer.type === 'CNAME') {
      // An alias of nothing: perhaps the other family has an address.
      if (index === answers.length - 1) return none('cname_error');
      expected = answer.data.toLowerCase();
    } else if (answer.type === 'A' || answer.type === 'AAAA') {
      const record = addressOf(answer);
      if (record === null) return none('invalid');
      records.push(record);
    }
  }
  return { verdict: 'valid', records, additional: [] };
}

function readServices(packet: Packet): Reply {
  const records: ServiceRecord[] = [];
  for (const answer of packet.answers ?? []) {
    if (answer.type !== 'SRV') continue;
    const { target, port, weight = 0 } = answer.data;
    if (target === '.') return none('invalid');
    records.push({ type: 'SRV', target: target.toLowerCase(), port, weight });
  }
  const additional: AddressRecord[] = [];
  for (const answer of packet.additionals ?? []) {
    const record = addressOf(answer);
    if (record !== null) additional.push(record);
  }
  return { verdict: 'valid', records, additional };
}

const ipv6Bytes = new Uint8Array(16);

function addressOf(answer: Answer): AddressRecord | null {
  const name = answer.name.toLowerCase();
  if (answer.type === 'A') {
    return isIPv4(answer.data) ? { type: 'A', name, address: answer.data } : null;
  }
  if (answer.type !== 'AAAA' || !isIPv6(answer.data)) return null;
  parseIpv6(answer.data, ipv6Bytes, 0);
  return { type: 'AAAA', name, address: formatIpv6(ipv6Bytes, 0) };
}

const nameMax = 255;
const labelMax = 63;

/** A name as it is asked for; null: it cannot be. */
export function questionName(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name === '' || name.length > nameMax - 2 || !/^[\x21-\x7e]+$/.test(name)) return null;
  const fits = (label: string): boolean => label !== '' && label.length <= labelMax;
  return name.split('.').every(fits) ? name : null;
}
