// Fuzzer of everything that reads bytes of other protocols for rules: FIX, MQTT, Protocol Buffers
// and gRPC, JSON, tokens, packets, RFC 7239, PROXY and NetScaler headers, ClientHello, distcc. Good
// messages are cut and damaged; whatever comes, no decoder throws and none reads beyond what is
// there. `smoke` is run by decoders.test.ts; a failure names the seed.

import assert from 'node:assert/strict';
import { readClientIpHeader } from '../../worker/conn/client-ip-header.ts';
import { ProxyHeader, readProxyHeader } from '../../worker/conn/proxy-header.ts';
import { writeLatin1 } from '../../worker/http/message.ts';
import { castSample } from '../../worker/sample/cast.ts';
import { kindAny, kindBinary, Sample } from '../../worker/sample/sample.ts';
import { ExpressionBench } from '../harness/expressions.ts';
import { carriedBytes } from '../parity/scenes/bytes.ts';
import { scenes } from '../parity/scenes.ts';
import { Chance } from '../sim/chance.ts';

const hex = (text: string): string => Buffer.from(text, 'hex').toString('latin1');
const signature = hex('0d0a0d0a000d0a515549540a');

const proxyHeaders = [
  'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n',
  'PROXY TCP6 2001:db8::1 ::1 80 443\r\n',
  'PROXY UNKNOWN\r\n',
  signature + hex('2111000c7f0000017f000002002a0539'),
  signature + hex('211100147f0000017f000002002a053902000531323334350000ee'),
  signature + hex(`21210024${'20010db8'.repeat(8)}00500050`),
];
const cipMagic = 0x0badcafe;
const cipHeaders = [
  hex(
    `0badcafe00000028${'4500002800004000400600000a0000010a000002'}${'00500051'}${'00'.repeat(16)}`,
  ),
  hex(`0badcafe0001002800020028${'4500002800004000400600000a0000010a000002'}${'0050'.repeat(10)}`),
];

/** Scenes whose messages and chains are a decoder's. */
const decoderScenes = [
  'json',
  'tokens',
  'fix',
  'mqtt',
  'protobuf',
  'packets',
  'forwarded',
  'languages',
];

interface Decoder {
  readonly messages: readonly string[];
  readonly chains: readonly string[];
}

const decoders: readonly Decoder[] = decoderScenes.map((name) => {
  const scene = scenes.find((one) => one.name === name);
  assert.ok(scene !== undefined, name);
  return { messages: carriedBytes(scene.message), chains: scene.chains };
});

function damaged(chance: Chance, text: string): string {
  let out = text;
  for (let i = chance.between(0, 3); i > 0; i--) {
    const at = chance.between(0, out.length);
    const byte = String.fromCharCode(chance.pick([0, 1, 127, 128, 255, chance.between(0, 255)]));
    const end = chance.pick([at, at, at + 1, at + chance.between(0, 9)]);
    out = out.slice(0, at) + (chance.hits(0.7) ? byte : '') + out.slice(end);
  }
  return chance.hits(0.3) ? out.slice(0, chance.between(0, out.length)) : out;
}

/** Chains that build, by text; the sample's text is what the decoder reads. */
class Chains {
  private readonly bench = new ExpressionBench();
  private readonly setInput = this.bench.variableSetter('txn.input');
  private readonly built = new Map<string, ReturnType<ExpressionBench['build']>>();

  run(chain: string, text: string): void {
    const whole = `var(txn.input),${chain}`;
    let expression = this.built.get(whole);
    if (expression === undefined) {
      expression = this.bench.build(whole, kindAny);
      this.bench.faults();
      this.built.set(whole, expression);
    }
    if (expression === null) return;
    this.setInput(text);
    const sample = new Sample();
    if (!expression.evaluate(this.bench.exchange.stream, sample)) return;
    const { kind } = sample;
    castSample(sample, kindBinary);
    assert.ok(kind !== kindBinary || sample.text.length <= text.length * 4 + 64, chain);
  }
}

/** Guard bytes around the message show whether anything outside has been taken for a part of it. */
function readHeaders(chance: Chance): void {
  const isProxy = chance.hits(0.5);
  const text = damaged(chance, chance.pick(isProxy ? proxyHeaders : cipHeaders));
  const before = chance.between(0, 4);
  const bytes = Buffer.from(`${'?'.repeat(before)}${text}${'!'.repeat(9)}`, 'latin1');
  const header = new ProxyHeader();
  const result = isProxy
    ? readProxyHeader(bytes, before, text.length, header)
    : readClientIpHeader(bytes, before, text.length, Object.assign(header, { magic: cipMagic }));
  assert.ok(Number.isInteger(result) && result <= text.length, `${result} of ${text.length}`);
  for (const { value } of header.tlvs) assert.ok(value.length <= text.length);
}

const payloadScenes = scenes.filter(({ place }) => place === 'payload');
const payloadFetches = [
  ...new Set(payloadScenes.flatMap(({ values }) => values)),
  'distcc_param(ARGC)',
  'distcc_body(DOTI)',
];

function readPayload(chance: Chance, bench: ExpressionBench): void {
  const { stream } = bench.exchange;
  const text = damaged(chance, chance.pick(payloadScenes).message).slice(0, 2000);
  const { memory } = stream.thread;
  writeLatin1(memory.bytes, stream.requestPayload.at, `${text}${'!'.repeat(99)}`);
  stream.requestPayload.length = text.length;
  const fetch = chance.pick(payloadFetches);
  const value = bench.value(fetch);
  bench.faults();
  assert.ok(!value.includes('!!!') || text.includes('!!!'), `${fetch} read beyond the payload`);
}

/** Runs `runs` cases from `seed`; throws on the first that breaks a promise. */
export function smoke(seed: number, runs: number): void {
  const chance = new Chance(seed);
  const chains = new Chains();
  const bench = new ExpressionBench();
  const { stream } = bench.exchange;
  stream.requestPayload.at = stream.thread.memory.take();
  Object.assign(stream.thread, { scratchAt: stream.thread.memory.take() });
  for (let run = 0; run < runs; run++) {
    const { messages, chains: own } = chance.pick(decoders);
    const text = damaged(chance, chance.pick(messages));
    const chain = chance.pick(own);
    try {
      chains.run(chain, text);
      readHeaders(chance);
      readPayload(chance, bench);
    } catch (cause) {
      throw new Error(`run ${run}: ${chain} on ${JSON.stringify(text)}`, { cause });
    }
  }
}
