// Asks us what a scene asks: every question is compiled as a line of the frontend would be and
// evaluated on the scene's message over plain memory. What we do not have yet answers '?'.

import { writeLatin1 } from '../../worker/http/message.ts';
import { castSample } from '../../worker/sample/cast.ts';
import {
  kindAny,
  kindBinary,
  kindBool,
  kindNames,
  kindSint,
  Sample,
} from '../../worker/sample/sample.ts';
import { captureRequest } from '../../worker/log/capture.ts';
import { directionResponse, type Stream } from '../../worker/stream/stream.ts';
import { frontendText } from '../harness/exchange.ts';
import { ExpressionBench } from '../harness/expressions.ts';
import { type Answer, answerOf, type Question, refused, type Scene } from './scene.ts';

/** The word is known and refused: nothing to compare. */
export const unsupported = '?';

const ruleSets = {
  request: 'http-request',
  response: 'http-response',
  payload: 'tcp-request content',
} as const;

const users = [
  'userlist staff',
  '  user ann insecure-password sec:ret groups G',
  '  user user insecure-password x',
  '  group G',
  '  group H',
  '',
].join('\n');

/** Answers the questions of one scene. */
export class Replay {
  /** Alerts of the last question. */
  faults = '';
  private readonly bench: ExpressionBench;
  private readonly stream: Stream;

  constructor(scene: Scene) {
    const mode = scene.place === 'payload' ? 'tcp' : 'http';
    const text = `${users}${frontendText(scene.lines, mode)}`;
    this.bench = new ExpressionBench([], scene.files, ruleSets[scene.place], text);
    this.stream = this.bench.exchange.stream;
    play[scene.place](this.bench, scene.message);
    for (const [name, value] of Object.entries(scene.variables)) {
      if (typeof this.value(`${value},set-var(${name})`) !== 'string') throw new Error(name);
    }
  }

  answer(kind: Question, text: string): Answer {
    this.faults = '';
    const answer = this[kind](text);
    if (answer !== refused) return answer;
    this.faults = this.bench.faults();
    return this.faults.includes('not supported yet') ? unsupported : refused;
  }

  private value(text: string): Answer {
    const built = this.bench.scope([text]).expressionOf(text, kindAny);
    if (built === null) return refused;
    const sample = new Sample();
    if (!built.evaluate(this.stream, sample)) return null;
    return answerFrom(sample);
  }

  private condition(text: string): Answer {
    const found = this.bench.condition(`if ${text}`);
    if (typeof found === 'number') return found === 1 ? 'bool:1' : null;
    this.bench.diagnostics.alert({ file: '', line: 0, column: 0 }, found);
    return refused;
  }

  private format(text: string): Answer {
    const built = this.bench.scope([text]).logFormat(text, 'text');
    return built === null ? refused : answerOf('str', built(this.stream));
  }
}

function answerFrom(sample: Sample): Answer {
  const type = kindNames[sample.kind];
  if (sample.kind === kindSint || sample.kind === kindBool) return `${type}:${sample.int}`;
  const isAddress = type.startsWith('ipv');
  castSample(sample, kindBinary);
  if (!isAddress) return answerOf(type, sample.text);
  return `${type}:${Buffer.from(sample.text, 'latin1').toString('hex').toUpperCase()}`;
}

const play = {
  request: (bench: ExpressionBench, message: string) => {
    const { exchange } = bench;
    const { stream } = exchange;
    exchange.request(message);
    const headLength = message.indexOf('\r\n\r\n') + 4;
    stream.requestPayload.at = stream.request.headAt + headLength;
    stream.requestPayload.length = message.length - headLength;
    stream.requestPayload.ended = true;
    captureRequest(stream);
    exchange.runRequest();
  },
  response: ({ exchange }: ExpressionBench, message: string) => {
    exchange.request('GET /response HTTP/1.1\r\nhost: r.example\r\n\r\n').response(message);
    exchange.stream.direction = directionResponse;
  },
  payload: ({ exchange }: ExpressionBench, message: string) => {
    const { stream } = exchange;
    const { memory } = stream.thread;
    Object.assign(stream.thread, { scratchAt: memory.take() });
    const at = memory.take();
    writeLatin1(memory.bytes, at, message);
    stream.requestPayload.at = at;
    stream.requestPayload.length = message.length;
  },
} as const;
