// Converters that read messages of other protocols (manual 7.3.1): FIX, MQTT, Protocol Buffers and
// gRPC. A message that is not all there yet gives no value and says that one may come.

import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import { kindBinary, kindBool, kindSint, kindString, type Sample } from '../sample.ts';
import { checkFix, fixTag, fixValue, messageIncomplete, messageValid } from './fix-message.ts';
import { mqttField, mqttPacketType } from './mqtt-fields.ts';
import { checkMqtt, mqttValue } from './mqtt-packet.ts';
import { findField, found, type ProtobufType, protobufTypes } from './protobuf-message.ts';
import { simple } from './row.ts';

const toBool = [kindBinary, kindBool] as const;

/** What a check of the whole message says. */
const verdict =
  (check: (text: string) => number): Convert =>
  (sample) => {
    const status = check(sample.text);
    sample.mayChange = status === messageIncomplete;
    return status !== messageIncomplete && sample.setBool(status === messageValid);
  };

/** A part of a message: '' for not yet, null for never. */
function give(sample: Sample, value: string | null): value is string {
  sample.mayChange = value === '';
  return value !== null && value !== '';
}

function buildFixValue([word]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const tag = fixTag(word as string);
  if (tag === 0) {
    scope.alert(`'${word}' is neither the number nor the name of a FIX tag`);
    return null;
  }
  return (sample) => {
    const value = fixValue(sample.text, tag);
    return give(sample, value) && sample.setBinary(value);
  };
}

function buildMqttValue(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [packet, word] = args as readonly string[];
  const type = mqttPacketType(packet);
  const field = type === 0 ? 0 : mqttField(type, word);
  if (type === 0) scope.alert(`MQTT packet type '${packet}' is neither CONNECT nor CONNACK`);
  else if (field === 0) scope.alert(`an MQTT ${packet} packet has no field '${word}'`);
  if (field === 0) return null;
  return (sample) => {
    const value = mqttValue(sample.text, type, field);
    return give(sample, value) && sample.setBinary(value);
  };
}

// ---- Protocol Buffers ----

const fieldArgs: readonly ArgumentDef[] = [
  { name: 'field_number', type: 'field-path' },
  { name: 'field_type', type: 'string', optional: true },
];

/** A field of the message in bytes `from` to `end` of the sample. */
type TakeField = (sample: Sample, from: number, end: number) => boolean;

/** Numbers where the type is given, else the bytes. */
const kindOfField = ([, typeName]: readonly ArgumentValue[]) =>
  typeName === undefined ? kindBinary : kindSint;

function takeField(args: readonly ArgumentValue[], scope: Scope): TakeField | null {
  const [pathText, typeName] = args as readonly string[];
  const path = pathText.split('.').map(Number);
  if (typeName === undefined) {
    return (sample, from, end) => {
      const { text } = sample;
      return findField(text, from, end, path) && sample.setBinary(text.slice(found.at, found.end));
    };
  }
  const type = protobufTypes.get(typeName);
  if (type !== undefined) return takeNumber(path, type);
  const known = [...protobufTypes.keys()].join(', ');
  scope.alert(`'${typeName}' is not a type of Protocol Buffers: ${known} are known`);
  return null;
}

const takeNumber =
  (path: readonly number[], type: ProtobufType): TakeField =>
  (sample, from, end) => {
    const { text } = sample;
    if (!findField(text, from, end, path) || found.wire !== type.wire) return false;
    return sample.setInt(type.read(text, found.at));
  };

function buildProtobuf(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const take = takeField(args, scope);
  return take === null ? null : (sample) => take(sample, 0, sample.text.length);
}

/** Each message has five bytes before it: a flag of compression and the length. */
const grpcHeader = 5;

/** The first message that has the field. */
function buildUngrpc(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const take = takeField(args, scope);
  if (take === null) return null;
  return (sample) => {
    const { text } = sample;
    for (let at = 0; at + grpcHeader < text.length; ) {
      const from = at + grpcHeader;
      const end = from + lengthAt(text, at + 1);
      if (end > text.length) return false;
      if (take(sample, from, end)) return true;
      at = end;
    }
    return false;
  };
}

function lengthAt(text: string, at: number): number {
  let length = 0;
  for (let i = at; i < at + 4; i++) length = length * 256 + text.charCodeAt(i);
  return length;
}

export const protocols: readonly ConverterDef[] = [
  simple('fix_is_valid', toBool, 'a valid FIX message', verdict(checkFix)),
  {
    name: 'fix_tag_value',
    args: [{ name: 'tag', type: 'string' }],
    takes: kindBinary,
    returns: kindBinary,
    help: 'value of a FIX tag, by number or name',
    example: 'fix_tag_value(MsgType)',
    build: buildFixValue,
  },
  simple('mqtt_is_valid', toBool, 'a valid first MQTT packet', verdict(checkMqtt)),
  {
    name: 'mqtt_field_value',
    args: [
      { name: 'packet_type', type: 'string' },
      { name: 'field', type: 'string' },
    ],
    takes: kindBinary,
    returns: kindString,
    help: 'field or property of an MQTT CONNECT or CONNACK packet',
    example: 'mqtt_field_value(connect,username)',
    build: buildMqttValue,
  },
  {
    name: 'protobuf',
    args: fieldArgs,
    takes: kindBinary,
    returns: kindBinary,
    help: 'field of a Protocol Buffers message, by its path of numbers',
    example: 'protobuf(48.59.1,int32)',
    returnsWith: kindOfField,
    build: buildProtobuf,
  },
  {
    name: 'ungrpc',
    args: fieldArgs,
    takes: kindBinary,
    returns: kindBinary,
    help: 'the same of a gRPC message',
    example: 'ungrpc(48.59.1,int32)',
    returnsWith: kindOfField,
    build: buildUngrpc,
  },
];
