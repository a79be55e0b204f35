// What CONNECT and CONNACK packets of MQTT 3.1, 3.1.1 and 5.0 may hold: named fields, and the
// properties of version 5 with their encoding and limits (MQTT 5.0, 2.2.2.2). Facts and look-ups
// only; used by mqtt-packet.ts and, at start, by protocols.ts.

export const packetConnect = 1;
export const packetConnack = 2;

/** Encodings of properties. */
export const encodingByte = 1;
export const encodingShort = 2;
export const encodingLong = 4;
export const encodingText = 0;
/** Two texts; may come several times. */
export const encodingPair = -1;

export interface PropertyDef {
  readonly encoding: number;
  /** Smallest and largest value of a number. */
  readonly min: number;
  readonly max: number;
  /** A text that must not be empty. */
  readonly filled: boolean;
}

const any = Number.POSITIVE_INFINITY;
const number = (encoding: number, min = 0, max = any): PropertyDef => ({
  encoding,
  min,
  max,
  filled: false,
});
const text = (filled = false): PropertyDef => ({
  encoding: encodingText,
  min: 0,
  max: any,
  filled,
});
const pair: PropertyDef = { encoding: encodingPair, min: 0, max: any, filled: false };
const flag = number(encodingByte, 0, 1);

/** Properties by their identifier. */
export type PropertyTable = ReadonlyMap<number, PropertyDef>;

export const connectProperties: PropertyTable = new Map([
  [17, number(encodingLong)],
  [33, number(encodingShort, 1)],
  [39, number(encodingLong, 1)],
  [34, number(encodingShort)],
  [25, flag],
  [23, flag],
  [38, pair],
  [21, text()],
  [22, text()],
]);

/** Of the last will. */
export const willProperties: PropertyTable = new Map([
  [24, number(encodingLong)],
  [1, flag],
  [2, number(encodingLong)],
  [3, text()],
  [8, text()],
  [9, text()],
  [38, pair],
]);

export const connackProperties: PropertyTable = new Map([
  [17, number(encodingLong)],
  [33, number(encodingShort, 1)],
  [36, flag],
  [37, flag],
  [39, number(encodingLong, 1)],
  [18, text(true)],
  [34, number(encodingShort)],
  [31, text()],
  [38, pair],
  [40, flag],
  [41, flag],
  [42, flag],
  [19, number(encodingShort)],
  [26, text()],
  [28, text()],
  [21, text()],
  [22, text()],
]);

/** Fields with a name. Numbers from 100 on, out of the way of property identifiers. */
export const fieldFlags = 100;
export const fieldReasonCode = 101;
export const fieldProtocolName = 102;
export const fieldProtocolVersion = 103;
export const fieldClientIdentifier = 104;
export const fieldWillTopic = 105;
export const fieldWillPayload = 106;
export const fieldUsername = 107;
export const fieldPassword = 108;
export const fieldKeepalive = 109;

const connectFields: ReadonlyMap<string, number> = new Map([
  ['flags', fieldFlags],
  ['protocol_name', fieldProtocolName],
  ['protocol_version', fieldProtocolVersion],
  ['client_identifier', fieldClientIdentifier],
  ['will_topic', fieldWillTopic],
  ['will_payload', fieldWillPayload],
  ['username', fieldUsername],
  ['password', fieldPassword],
  ['keepalive', fieldKeepalive],
]);

const connackFields: ReadonlyMap<string, number> = new Map([
  ['flags', fieldFlags],
  ['protocol_version', fieldProtocolVersion],
  ['reason_code', fieldReasonCode],
]);

const packetNames: ReadonlyMap<string, number> = new Map([
  ['connect', packetConnect],
  ['1', packetConnect],
  ['connack', packetConnack],
  ['2', packetConnack],
]);

/** A packet type by name (any case) or number; 0: none that can be read. */
export function mqttPacketType(word: string): number {
  return packetNames.get(word.toLowerCase()) ?? 0;
}

/** A field of that packet by name (any case) or property identifier; 0: it has no such field. */
export function mqttField(type: number, word: string): number {
  const isConnect = type === packetConnect;
  const named = (isConnect ? connectFields : connackFields).get(word.toLowerCase());
  if (named !== undefined) return named;
  const id = /^[1-9]\d?$/.test(word) ? Number(word) : 0;
  const tables = isConnect ? [connectProperties, willProperties] : [connackProperties];
  const def = tables.find((table) => table.has(id))?.get(id);
  return def === undefined ? 0 : id;
}
