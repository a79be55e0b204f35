// Converters that read messages of other protocols: FIX, MQTT, Protocol Buffers, packets. Whole
// messages, cut ones and others.

import type { Scene } from '../scene.ts';
import { carriedScene, carry } from './bytes.ts';

const fix = (fields: readonly string[], version = 'FIX.4.2'): string => {
  const body = fields.map((field) => `${field}\x01`).join('');
  const text = `8=${version}\x019=${body.length}\x01${body}`;
  const sum = [...text].reduce((total, letter) => total + letter.charCodeAt(0), 0) % 256;
  return `${text}10=${String(sum).padStart(3, '0')}\x01`;
};
const logon = fix(['35=A', '49=CLIENT1', '56=EXEC', '98=0', '15000=x=y', '49=TWICE']);
const fixMessages = [
  logon,
  `${logon}8=FIX`,
  fix(['35=D', '49=A', '56=B'], 'FIXT.1.1'),
  fix(['35=A', '141=Y'], 'FIX.4.0'),
  fix(['49=C', '35=A']),
  fix(['35=', '49=C']),
  logon.replace('CLIENT1', 'CLIENT2'),
  '',
  'x',
];
const fixChains = [
  'fix_is_valid',
  ...[
    'MsgType',
    '35',
    '49',
    '8',
    '9',
    '10',
    '15000',
    'SenderCompID',
    'TargetCompID',
    'BeginString',
    'BodyLength',
    'CheckSum',
    '57',
    '0',
    'Nope',
  ].map((tag) => `fix_tag_value(${tag})`),
];

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const sized = (text: string): string => text.length.toString(16).padStart(4, '0') + hex(text);
const packet = (type: string, body: string): string =>
  Buffer.from(type + (body.length / 2).toString(16).padStart(2, '0') + body, 'hex').toString(
    'latin1',
  );
const connect311 = packet(
  '10',
  `${sized('MQTT')}04c6003c${sized('dev')}${sized('bye')}${sized('gone')}${sized('ann')}${sized('secret')}`,
);
const connect31 = packet(
  '10',
  `${sized('MQIsdp')}03c2003c${sized('dev')}${sized('ann')}${sized('secret')}`,
);
const connect5 = packet(
  '10',
  `${sized('MQTT')}0506000a0f110000003c21000a26${sized('k')}${sized('v')}${sized('dev')}` +
    `0c180000000503${sized('text')}${sized('bye')}${sized('gone')}`,
);
const connack5 = packet('20', '00000a1100000078217fff2401');
const mqttMessages = [
  connect311,
  connect31,
  connect5,
  connack5,
  packet('20', '0000'),
  packet('20', '0105'),
  packet('21', '0000'),
  packet('30', '0003612f6278'),
  connect311.replace('MQTT', 'MQTX'),
  '\x10\xff\xff\xff\xff\x01',
];
const connectFields = [
  'flags',
  'protocol_name',
  'protocol_version',
  'client_identifier',
  'will_topic',
  'will_payload',
  'username',
  'password',
  'keepalive',
  '17',
  '33',
  '39',
  '34',
  '25',
  '23',
  '38',
  '21',
  '22',
  '24',
  '1',
  '2',
  '3',
  '8',
  '9',
  'Flags',
  'nope',
  '99',
];
const connackFields = [
  'flags',
  'protocol_version',
  'reason_code',
  '17',
  '33',
  '36',
  '37',
  '39',
  '18',
  '34',
  '31',
  '40',
  '41',
  '42',
  '19',
  '26',
  '28',
  '21',
  '22',
  'username',
];
const mqttChains = [
  'mqtt_is_valid',
  ...connectFields.map((name) => `mqtt_field_value(connect,${name})`),
  ...connackFields.map((name) => `mqtt_field_value(connack,${name})`),
  'mqtt_field_value(1,flags)',
  'mqtt_field_value(CONNACK,flags)',
  'mqtt_field_value(publish,flags)',
  'mqtt_field_value(3,flags)',
];

const fromHex = (text: string): string => Buffer.from(text, 'hex').toString('latin1');
const message =
  '0a0408071009109601180325ffffffff29000000000000044032077465737469' +
  '6e6738ffffffffffffffffff0145000080bf';
const protobufMessages = [
  fromHex(message),
  fromHex(`00${(message.length / 2).toString(16).padStart(8, '0')}${message}`),
  fromHex('0a0508071009'),
  fromHex('08ffffffffffffffffffff01'),
  fromHex('0b08070c'),
  fromHex('100110021003'),
  fromHex('0a0212000a04120208 01'.replaceAll(' ', '')),
  '',
];
const types = [
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'bool',
  'enum',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'float',
  'double',
  'string',
  'bytes',
];
const protobufChains = [
  ...[
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
    '8',
    '9',
    '1.1',
    '1.2',
    '1.3',
    '2.1',
    '1.2.1',
    '0',
    'x',
    '1..2',
    '.1',
  ].flatMap((path) => [`protobuf(${path})`, `ungrpc(${path})`]),
  ...['2', '3', '4', '5', '7', '8', '1.1'].flatMap((path) =>
    types.map((type) => `protobuf(${path},${type})`),
  ),
  'ungrpc(1.1,int32)',
  'ungrpc(1),protobuf(2,int32)',
  'protobuf(1,text)',
];

const ip4 = '4500003c0a654000400632557f0000017f000001';
const tcp4 = 'e1f2115d01af4e3e00000000a002ffd7fe3000000204ffd70402080a01c2a71a0000000001030307';
const ip6 = '6008018f002806400000000000000000000000000000000100000000000000000000000000000001';
const tcp6 = '9758115db5511f5d00000000a002ffc4003000000204ffc40402080a9c231d680000000001030307';
const frames = [
  `00112233445566778899aabb0800${ip4}${tcp4}`,
  `00000000000000000000000086dd${ip6}${tcp6}`,
  `00112233445566778899aabb81006123810000078100002a0800${ip4}${tcp4}`,
  `00112233445566778899aabb0800${ip4}${tcp4.slice(0, 30)}`,
  `00112233445566778899aabb0800${ip4.slice(0, 30)}`,
  '001122334455',
  '00112233445566778899aabb8100',
  `00112233445566778899aabb0800${ip4.replace('4500', '4600')}00000000${tcp4}`,
  `00112233445566778899aabb86dd${ip6.replace('2806', '2800')}0600010203040506${tcp6}`,
  `00112233445566778899aabb0800${ip4}${tcp4.slice(0, 24)}50${tcp4.slice(26, 40)}`,
].map(fromHex);
const packetChains = [
  ...['dst', 'src', 'hdr', 'data', 'proto', 'vlan'].map((name) => `eth.${name}`),
  ...[
    'data',
    'df',
    'dst',
    'hdr',
    'proto',
    'src',
    'tos',
    'ttl',
    'ver',
    'fp',
    'fp(1)',
    'fp(2)',
    'fp(4)',
    'fp(7)',
    'fp(15)',
  ].map((name) => `eth.data,ip.${name}`),
  ...[
    'dst',
    'flags',
    'seq',
    'src',
    'win',
    'options.mss',
    'options.sack',
    'options.tsopt',
    'options.tsval',
    'options.wscale',
    'options.wsopt',
    'options_list',
  ].map((name) => `eth.data,ip.data,tcp.${name}`),
];

export const protocolScenes: readonly Scene[] = [
  carriedScene('fix', carry([], fixMessages), fixChains),
  carriedScene('mqtt', carry([], mqttMessages), mqttChains),
  carriedScene('protobuf', carry([], protobufMessages), protobufChains),
  carriedScene('packets', carry([], frames), packetChains),
];
