// The first packet of either side of an MQTT connection, checked and searched for one field (MQTT
// 3.1, 3.1.1 and 5.0: CONNECT and CONNACK). Pure; proxy thread; called by protocols.ts.
//
//   type and flags | remaining length, 1-4 bytes | variable header | [properties] | payload

import { messageIncomplete, messageInvalid, messageValid } from './fix-message.ts';
import {
  connackProperties,
  connectProperties,
  encodingPair,
  encodingText,
  fieldClientIdentifier,
  fieldFlags,
  fieldKeepalive,
  fieldPassword,
  fieldProtocolName,
  fieldProtocolVersion,
  fieldReasonCode,
  fieldUsername,
  fieldWillPayload,
  fieldWillTopic,
  packetConnack,
  packetConnect,
  type PropertyDef,
  type PropertyTable,
  willProperties,
} from './mqtt-fields.ts';

/** Flags of CONNECT. */
const flagReserved = 0x01;
const flagWill = 0x04;
const willBits = 0x3c;
const flagWillQos = 0x18;
const flagPassword = 0x40;
const flagUsername = 0x80;

const version5 = 5;
const authMethod = 21;
const authData = 22;
/** Identifiers of properties are smaller. */
const seen = new Uint8Array(128);

/** A walk over one packet; a read behind the end marks it broken and gives nothing. */
class Walk {
  text: string;
  at: number;
  end: number;
  broken: boolean;
  /** The field looked for, and its value once met. */
  wanted: number;
  value: string | null;

  constructor() {
    this.text = '';
    this.at = 0;
    this.end = 0;
    this.broken = false;
    this.wanted = 0;
    this.value = null;
  }

  start(text: string, wanted: number): void {
    this.text = text;
    this.at = 0;
    this.end = text.length;
    this.broken = false;
    this.wanted = wanted;
    this.value = null;
  }

  number(bytes: number): number {
    if (this.at + bytes > this.end) {
      this.broken = true;
      return 0;
    }
    let value = 0;
    for (const stop = this.at + bytes; this.at < stop; this.at++) {
      value = value * 256 + this.text.charCodeAt(this.at);
    }
    return value;
  }

  /** Seven bits a byte, lowest first, four bytes at most. */
  variable(): number {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.number(1);
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
    this.broken = true;
    return 0;
  }

  string(): string {
    const length = this.number(2);
    if (this.at + length > this.end) this.broken = true;
    if (this.broken) return '';
    this.at += length;
    return this.text.slice(this.at - length, this.at);
  }

  put(field: number, value: string): void {
    if (field === this.wanted) this.value = value;
  }
}

const walk = new Walk();

/** Checks the packet at the start of `text` (one character per byte): a message* constant. */
export function checkMqtt(text: string): number {
  return parse(text, 0) > 0 ? messageValid : status;
}

/**
 * Value of a field (mqttField) of a packet of that type, numbers in decimal. '': the packet is not
 * all there yet; null: it is not valid, or another, or has no such value.
 */
export function mqttValue(text: string, type: number, field: number): string | null {
  const found = parse(text, field);
  if (found === 0) return status === messageIncomplete ? '' : null;
  return found !== type || walk.value === '' ? null : walk.value;
}

/** Why the last `parse` gave 0. */
let status = messageInvalid;

/** Type of the packet, 0: see `status`. What it holds of `wanted` is then in `walk.value`. */
function parse(text: string, wanted: number): number {
  walk.start(text, wanted);
  status = messageIncomplete;
  if (text.length < 2) return 0;
  const head = walk.number(1);
  const type = head >> 4;
  // Both types have no flag in the first byte; no other is the first packet of a side.
  if ((head & 15) !== 0 || (type !== packetConnect && type !== packetConnack)) return failed();
  const remaining = walk.variable();
  if (walk.broken) return walk.at < walk.end ? failed() : incompleteLength();
  const bodyAt = walk.at;
  if (walk.end - bodyAt < remaining) return 0;
  const fine = type === packetConnect ? readConnect() : readConnack();
  return fine && !walk.broken && walk.at - bodyAt === remaining ? type : failed();
}

function failed(): number {
  status = messageInvalid;
  return 0;
}

/** The length is not all there: four bytes that all announce more are too many. */
function incompleteLength(): number {
  return walk.at > 4 ? failed() : 0;
}

function readConnect(): boolean {
  const name = walk.string();
  const version = walk.number(1);
  const flags = walk.number(1);
  const keepalive = walk.number(2);
  const known = name.toLowerCase() === 'mqtt' || name.toLowerCase() === 'mqisdp';
  if (walk.broken || !known || version < 3 || version > version5) return false;
  if ((flags & flagReserved) !== 0 || (flags & willBits) === flagWillQos) return false;
  walk.put(fieldProtocolName, name);
  walk.put(fieldProtocolVersion, String(version));
  walk.put(fieldFlags, String(flags));
  walk.put(fieldKeepalive, String(keepalive));
  if (version === version5 && !readProperties(connectProperties)) return false;
  walk.put(fieldClientIdentifier, walk.string());
  return readConnectPayload(version, flags);
}

/** The will, the user and the password, as far as the flags announce them. */
function readConnectPayload(version: number, flags: number): boolean {
  if ((flags & flagWill) !== 0) {
    if (version === version5 && !readProperties(willProperties)) return false;
    walk.put(fieldWillTopic, walk.string());
    walk.put(fieldWillPayload, walk.string());
  }
  if ((flags & flagUsername) !== 0) walk.put(fieldUsername, walk.string());
  if ((flags & flagPassword) !== 0) walk.put(fieldPassword, walk.string());
  return true;
}

/** Two bytes before version 5, more from then on. */
function readConnack(): boolean {
  const isNew = walk.end - walk.at > 2;
  const flags = walk.number(1);
  const reason = walk.number(1);
  if (walk.broken || (flags & 0xfe) !== 0) return false;
  walk.put(fieldFlags, String(flags));
  walk.put(fieldReasonCode, String(reason));
  walk.put(fieldProtocolVersion, isNew ? '5' : '4');
  return !isNew || readProperties(connackProperties);
}

/** A list of properties with its length before it: each but the pairs at most once. */
function readProperties(table: PropertyTable): boolean {
  const length = walk.variable();
  const end = walk.at + length;
  if (walk.broken || end > walk.end) return false;
  const whole = walk.end;
  walk.end = end;
  seen.fill(0);
  // Numbers that are not sent count as zero.
  const wanted = table.get(walk.wanted);
  if (wanted !== undefined && wanted.encoding > encodingText) walk.value = '0';
  while (walk.at < end) {
    const id = walk.number(1);
    const def = table.get(id);
    if (def === undefined || (def.encoding !== encodingPair && seen[id] !== 0)) return false;
    seen[id] = 1;
    if (!readProperty(id, def) || walk.broken) return false;
  }
  walk.end = whole;
  // `seen` of a text is 2 when it holds something.
  return table === connackProperties || seen[authData] < 2 || seen[authMethod] === 2;
}

function readProperty(id: number, def: PropertyDef): boolean {
  const { encoding } = def;
  if (encoding > encodingText) {
    const value = walk.number(encoding);
    walk.put(id, String(value));
    return value >= def.min && value <= def.max;
  }
  const value = walk.string();
  if (encoding === encodingPair) walk.string();
  else walk.put(id, value);
  if (value !== '') seen[id] = 2;
  return value !== '' || !def.filled;
}
