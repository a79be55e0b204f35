// Decoders of other protocols: packets built here, the manual's SYN packets, and messages cut at
// every byte, which must never give a value that the whole message does not have.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../../test/harness/expressions.ts';
import { checkFix, messageIncomplete, messageValid } from './fix-message.ts';
import { checkMqtt } from './mqtt-packet.ts';

const bench = new ExpressionBench();
const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const prefixed = (text: string): string => text.length.toString(16).padStart(4, '0') + hex(text);

/** curl to 0:4445 and [::1]:4445, as the manual shows them ("fc_saved_syn"). */
const ip4 = '4500003c0a654000400632557f0000017f000001';
const tcp4 = 'e1f2115d01af4e3e00000000a002ffd7fe3000000204ffd70402080a01c2a71a0000000001030307';
const ip6 = '6008018f002806400000000000000000000000000000000100000000000000000000000000000001';
const tcp6 = '9758115db5511f5d00000000a002ffc4003000000204ffc40402080a9c231d680000000001030307';
const syn4 = `00112233445566778899aabb0800${ip4}${tcp4}`;
const syn6 = `00000000000000000000000086dd${ip6}${tcp6}`;
const tagged = `00112233445566778899aabb81006123810000078100002a0800${ip4}`;

const packetRows: readonly (readonly [string, string])[] = [
  [`bin(${syn4}),eth.dst,hex`, 'str:001122334455'],
  [`bin(${syn4}),eth.src,hex`, 'str:66778899AABB'],
  [`bin(${syn4}),eth.proto`, 'sint:2048'],
  [`bin(${syn6}),eth.proto`, 'sint:34525'],
  [`bin(${syn4}),eth.vlan`, 'none'],
  [`bin(${tagged}),eth.vlan`, 'sint:42'],
  [`bin(${tagged}),eth.proto`, 'sint:2048'],
  [`bin(${tagged}),eth.hdr,hex`, `str:${tagged.slice(0, 52).toUpperCase()}`],
  [`bin(${tagged}),eth.data,hex`, `str:${ip4.toUpperCase()}`],
  ['bin(0011223344556677889900),eth.dst,hex', 'str:001122334455'],
  ['bin(0011223344556677889900),eth.src', 'none'],
  [`bin(00112233445566778899aabb8100),eth.hdr`, 'none'],
  [`bin(${syn4}),eth.data,ip.ver`, 'sint:4'],
  [`bin(${syn4}),eth.data,ip.src`, 'ipv4:127.0.0.1'],
  [`bin(${syn4}),eth.data,ip.dst`, 'ipv4:127.0.0.1'],
  [`bin(${syn6}),eth.data,ip.src`, 'ipv6:::1'],
  [`bin(${syn6}),eth.data,ip.dst`, 'ipv6:::1'],
  [`bin(${syn4}),eth.data,ip.df`, 'sint:1'],
  [`bin(${syn6}),eth.data,ip.df`, 'sint:1'],
  [`bin(${syn6}),eth.data,ip.tos`, 'sint:0'],
  ['bin(6ab00000),ip.tos', 'sint:171'],
  [`bin(${syn4}),eth.data,ip.ttl`, 'sint:64'],
  [`bin(${syn6}),eth.data,ip.ttl`, 'sint:64'],
  [`bin(${syn4}),eth.data,ip.proto`, 'sint:6'],
  [`bin(${syn6}),eth.data,ip.proto`, 'sint:6'],
  [`bin(${syn4}),eth.data,ip.hdr,hex`, `str:${ip4.toUpperCase()}`],
  [`bin(${syn6}),eth.data,ip.data,hex`, `str:${tcp6.toUpperCase()}`],
  // a hop-by-hop extension of eight bytes before UDP
  [`bin(${ip6.replace('2806', '2800')}1100010203040506aabb),ip.data,hex`, 'str:AABB'],
  [`bin(${ip6.replace('2806', '2800')}11000102030405),ip.data`, 'none'],
  [`bin(${ip4.slice(0, 38)}),ip.src`, 'none'],
  ['bin(30),ip.ttl', 'none'],
  [`bin(${tcp4}),tcp.src`, 'sint:57842'],
  [`bin(${tcp4}),tcp.dst`, 'sint:4445'],
  [`bin(${tcp4}),tcp.seq`, 'sint:28266046'],
  [`bin(${tcp6}),tcp.seq`, 'sint:3041992541'],
  [`bin(${tcp4}),tcp.flags`, 'sint:2'],
  [`bin(${tcp4}),tcp.win`, 'sint:65495'],
  [`bin(${tcp4}),tcp.options.mss`, 'sint:65495'],
  [`bin(${tcp4}),tcp.options.sack`, 'sint:1'],
  [`bin(${tcp4}),tcp.options.tsopt`, 'sint:1'],
  [`bin(${tcp6}),tcp.options.tsval`, 'sint:2619546984'],
  [`bin(${tcp4}),tcp.options.wscale`, 'sint:7'],
  [`bin(${tcp4}),tcp.options.wsopt`, 'sint:1'],
  [`bin(${tcp4}),tcp.options_list,hex`, 'str:0204080103'],
  [`bin(${tcp4.slice(0, 24)}50${tcp4.slice(26, 40)}),tcp.options.mss`, 'sint:0'],
  [`bin(${tcp4.slice(0, 24)}50${tcp4.slice(26, 40)}),tcp.options.tsval`, 'none'],
  [`bin(${tcp4.slice(0, 24)}50${tcp4.slice(26, 40)}),tcp.options_list,hex`, 'str:'],
  [`bin(${tcp4.slice(0, 78)}),tcp.options.mss`, 'none'],
  [`bin(${tcp4.slice(0, 38)}),tcp.src`, 'none'],
  // v4, df, ttl 64, ten words of header, scale 7, and options 2 3 4 8
  [`bin(${ip4}${tcp4}),ip.fp,hex`, 'str:0050A8FFD7FFD747'],
  [`bin(${ip4}${tcp4}),ip.fp(1),hex`, 'str:0050A8FFD7FFD74740'],
  [`bin(${ip4}${tcp4}),ip.fp(7),hex`, 'str:0050A8FFD7FFD7474002040801037F000001'],
  [`bin(${ip6}${tcp6}),ip.fp,hex`, 'str:00D0A8FFC4FFC447'],
  [`bin(${ip6}${tcp6}),ip.fp(4),bytes(8),hex`, `str:${'00'.repeat(15)}01`],
  [`bin(${ip4}),ip.fp`, 'none'],
];

// ---- FIX ----

/** A message with its length and sum. */
function fix(version: string, fields: readonly string[]): string {
  const body = fields.map((field) => `${field}\x01`).join('');
  const text = `8=${version}\x019=${body.length}\x01${body}`;
  const sum = [...text].reduce((total, letter) => total + letter.charCodeAt(0), 0) % 256;
  return `${text}10=${String(sum).padStart(3, '0')}\x01`;
}

const logon = fix('FIX.4.2', ['35=A', '49=CLIENT1', '56=EXEC', '98=0', '15000=x=y']);
const fixRows: readonly (readonly [string, string])[] = [
  [`bin(${hex(logon)}),fix_is_valid`, 'bool:1'],
  [`bin(${hex(`${logon}8=FIX`)}),fix_is_valid`, 'bool:1'],
  [`bin(${hex(logon.slice(0, -4))}),fix_is_valid`, 'wait'],
  [`bin(${hex(logon.replace('CLIENT1', 'CLIENT2'))}),fix_is_valid`, 'bool:0'],
  [`bin(${hex(fix('FIX.4.5', ['35=A', '49=CLIENT']))}),fix_is_valid`, 'bool:0'],
  [`bin(${hex(fix('FIX.4.0', ['35=A', '141=Y', '49=C']))}),fix_is_valid`, 'bool:0'],
  [`bin(${hex(fix('FIX.4.1', ['35=A', '141=Y', '49=C']))}),fix_is_valid`, 'bool:1'],
  [`bin(${hex(fix('FIXT.1.1', ['35=A', '1621=Y']))}),fix_is_valid`, 'bool:1'],
  [`bin(${hex(fix('FIXT.1.1', ['35=A', '1622=Y']))}),fix_is_valid`, 'bool:0'],
  [`bin(${hex(fix('FIX.4.2', ['49=CLIENT', '35=A']))}),fix_is_valid`, 'bool:0'],
  [`bin(${hex(fix('FIX.4.2', ['35=', '49=CLIENT']))}),fix_is_valid`, 'bool:1'],
  [`bin(${hex(fix('FIX.4.2', ['35=A', 'xx=CLIENT']))}),fix_is_valid`, 'bool:0'],
  [`bin(${hex(logon)}),fix_tag_value(MsgType)`, 'bin:A'],
  [`bin(${hex(logon)}),fix_tag_value(35)`, 'bin:A'],
  [`bin(${hex(logon)}),fix_tag_value(sendercompid)`, 'bin:CLIENT1'],
  [`bin(${hex(logon)}),fix_tag_value(15000)`, 'bin:x=y'],
  [`bin(${hex(logon)}),fix_tag_value(57)`, 'none'],
  [`bin(${hex(logon.slice(0, 20))}),fix_tag_value(TargetCompID)`, 'wait'],
  [
    'str(x),fix_tag_value(Sender)',
    "alert: 'Sender' is neither the number nor the name of a FIX tag",
  ],
];

// ---- MQTT ----

const withLength = (type: string, body: string): string =>
  type + (body.length / 2).toString(16).padStart(2, '0') + body;

const connect311 = withLength(
  '10',
  `${prefixed('MQTT')}04c6003c${prefixed('dev')}${prefixed('bye')}${prefixed('gone')}${prefixed('ann')}${prefixed('secret')}`,
);
/** Session expiry 60, receive maximum 10, one pair; the will with a delay and a type. */
const connect5 = withLength(
  '10',
  `${prefixed('MQTT')}0506000a` +
    `0f110000003c21000a26${prefixed('k')}${prefixed('v')}` +
    `${prefixed('dev')}0d180000000503${prefixed('text')}`.replace('0d18', '0c18') +
    `${prefixed('bye')}${prefixed('gone')}`,
);
const connack5 = withLength('20', `00000a${'110000007821' + '7fff2401'}`);

const mqttRows: readonly (readonly [string, string])[] = [
  [`bin(${connect311}),mqtt_is_valid`, 'bool:1'],
  [`bin(${connect311}00),mqtt_is_valid`, 'bool:1'],
  [`bin(${connect311.slice(0, -2)}),mqtt_is_valid`, 'wait'],
  ['bin(10),mqtt_is_valid', 'wait'],
  ['bin(d000),mqtt_is_valid', 'bool:0'],
  [`bin(11${connect311.slice(2)}),mqtt_is_valid`, 'bool:0'],
  ['bin(10ffffffff14),mqtt_is_valid', 'bool:0'],
  ['bin(10ffff),mqtt_is_valid', 'wait'],
  [`bin(${connect311.replace('4d515454', '4d515458')}),mqtt_is_valid`, 'bool:0'],
  [`bin(${connect311.replace('04c6', '06c6')}),mqtt_is_valid`, 'bool:0'],
  [`bin(${connect311.replace('04c6', '04c7')}),mqtt_is_valid`, 'bool:0'],
  [`bin(${connect311}),mqtt_field_value(connect,protocol_name)`, 'bin:MQTT'],
  [`bin(${connect311}),mqtt_field_value(CONNECT,Protocol_Version)`, 'bin:4'],
  [`bin(${connect311}),mqtt_field_value(1,flags)`, 'bin:198'],
  [`bin(${connect311}),mqtt_field_value(1,keepalive)`, 'bin:60'],
  [`bin(${connect311}),mqtt_field_value(1,client_identifier)`, 'bin:dev'],
  [`bin(${connect311}),mqtt_field_value(1,will_topic)`, 'bin:bye'],
  [`bin(${connect311}),mqtt_field_value(1,will_payload)`, 'bin:gone'],
  [`bin(${connect311}),mqtt_field_value(1,username)`, 'bin:ann'],
  [`bin(${connect311}),mqtt_field_value(1,password)`, 'bin:secret'],
  [`bin(${connect311}),mqtt_field_value(1,17)`, 'none'],
  [`bin(${connect311}),mqtt_field_value(connack,flags)`, 'none'],
  [`bin(${connect5}),mqtt_is_valid`, 'bool:1'],
  [`bin(${connect5}),mqtt_field_value(connect,17)`, 'bin:60'],
  [`bin(${connect5}),mqtt_field_value(connect,33)`, 'bin:10'],
  [`bin(${connect5}),mqtt_field_value(connect,39)`, 'bin:0'],
  [`bin(${connect5}),mqtt_field_value(connect,24)`, 'bin:5'],
  [`bin(${connect5}),mqtt_field_value(connect,3)`, 'bin:text'],
  [`bin(${connect5}),mqtt_field_value(connect,21)`, 'none'],
  [`bin(${connect5.replace('21000a', '210000')}),mqtt_is_valid`, 'bool:0'],
  [`bin(${connack5}),mqtt_is_valid`, 'bool:1'],
  [`bin(${connack5}),mqtt_field_value(connack,protocol_version)`, 'bin:5'],
  [`bin(${connack5}),mqtt_field_value(connack,36)`, 'bin:1'],
  [`bin(${connack5}),mqtt_field_value(2,17)`, 'bin:120'],
  [`bin(${connack5.replace('2401', '2402')}),mqtt_is_valid`, 'bool:0'],
  ['bin(20020005),mqtt_field_value(connack,reason_code)', 'bin:5'],
  ['bin(20020000),mqtt_field_value(connack,protocol_version)', 'bin:4'],
  ['bin(20020200),mqtt_is_valid', 'bool:0'],
  [
    'str(x),mqtt_field_value(publish,flags)',
    "alert: MQTT packet type 'publish' is neither CONNECT nor CONNACK",
  ],
  [
    'str(x),mqtt_field_value(connack,username)',
    "alert: an MQTT connack packet has no field 'username'",
  ],
  ['str(x),mqtt_field_value(connect,99)', "alert: an MQTT connect packet has no field '99'"],
  [`bin(${connect5}),mqtt_field_value(connect,38)`, 'none'],
];

// ---- Protocol Buffers ----

/** 1: {1: 7, 2: 9}, 2: 150, 3: -2 as zigzag, 4: fixed32, 5: double 2.5, 6: "testing", 7: -1 */
const message =
  '0a0408071009' +
  '109601' +
  '1803' +
  '25ffffffff' +
  '290000000000000440' +
  '320774657374696e67' +
  '38ffffffffffffffffff01' +
  '45000080bf';
const framed = `00${(message.length / 2).toString(16).padStart(8, '0')}${message}`;

const protobufRows: readonly (readonly [string, string])[] = [
  [`bin(${message}),protobuf(1),hex`, 'str:08071009'],
  [`bin(${message}),protobuf(1.2,int32)`, 'sint:9'],
  [`bin(${message}),protobuf(1),protobuf(1,int32)`, 'sint:7'],
  [`bin(${message}),protobuf(2,uint64)`, 'sint:150'],
  [`bin(${message}),protobuf(2),hex`, 'str:9601'],
  [`bin(${message}),protobuf(3,sint32)`, 'sint:-2'],
  [`bin(${message}),protobuf(4,fixed32)`, 'sint:4294967295'],
  [`bin(${message}),protobuf(4,sfixed32)`, 'sint:-1'],
  [`bin(${message}),protobuf(5,double)`, 'sint:2'],
  [`bin(${message}),protobuf(5,fixed64)`, 'sint:4612811918334230528'],
  [`bin(${message}),protobuf(6)`, 'bin:testing'],
  [`bin(${message}),protobuf(7,int64)`, 'sint:-1'],
  [`bin(${message}),protobuf(8,float)`, 'sint:-1'],
  [`bin(${message}),protobuf(2,int32),add(1)`, 'sint:151'],
  [`bin(${message}),protobuf(2.1)`, 'none'],
  [`bin(${message}),protobuf(9)`, 'none'],
  [`bin(${message}),protobuf(6,int32)`, 'none'],
  ['bin(08ffffffffffffffffffff01),protobuf(1,int32)', 'none'],
  ['bin(0a0508071009),protobuf(1)', 'none'],
  ['bin(0b08070c),protobuf(1)', 'none'],
  [`bin(${framed}),ungrpc(1.1,int32)`, 'sint:7'],
  [`bin(${framed}),ungrpc(1),protobuf(2,int32)`, 'sint:9'],
  [`bin(0000000002${'1001'}${framed}),ungrpc(1.1,int32)`, 'sint:7'],
  [`bin(${framed.slice(0, -2)}),ungrpc(1.1,int32)`, 'none'],
];

for (const [name, rows] of [
  ['frames, packets and segments', packetRows],
  ['FIX', fixRows],
  ['MQTT', mqttRows],
  ['Protocol Buffers and gRPC', protobufRows],
] as const) {
  test(name, () => {
    for (const [expression, expected] of rows) {
      const value = bench.value(expression);
      const text = expected.startsWith('alert') ? value.split(' | ')[0] : value;
      assert.equal(text, expected, expression);
    }
  });
}

test('arguments that are no field of Protocol Buffers', () => {
  assert.match(bench.value('str(a),protobuf(x)'), /failed to parse 'x'/);
  assert.match(bench.value('str(a),protobuf(1,text)'), /'text' is not a type/);
});

test('a message cut anywhere waits for the rest', () => {
  for (let i = 0; i < logon.length; i++) {
    assert.equal(checkFix(logon.slice(0, i)), messageIncomplete, `FIX, ${i} bytes`);
  }
  for (const packet of [connect311, connect5, connack5]) {
    const text = Buffer.from(packet, 'hex').toString('latin1');
    for (let i = 0; i < text.length; i++) {
      assert.equal(checkMqtt(text.slice(0, i)), messageIncomplete, `MQTT, ${i} bytes`);
    }
    assert.equal(checkMqtt(text), messageValid);
  }
});
