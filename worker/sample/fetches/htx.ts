// Fetches for developers that show a message as HAProxy keeps it (manual 7.3.8, internal.htx.*).
// hawser keeps heads as offsets into the received bytes; the blocks shown here are those that
// HAProxy would have for the same message: a start line, one block per header, an end of headers,
// and the payload that is here as one block. Sizes are HAProxy's: 8 bytes about each block, 20 in
// front of the texts of a start line, 40 of a buffer for itself.

import type { ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import { headerWords, type Message, methods, methodOther } from '../../http/message.ts';
import { latin1 } from '../../http/message.ts';
import { reasonBytes } from '../../http/syntax-reason.ts';
import { directionRequest, type Payload, type Stream } from '../../stream/stream.ts';
import { kindBinary, kindBool, kindSint, kindString, type Sample } from '../sample.ts';

const blockBytes = 8;
const startLineBytes = 20;
const bufferBytes = 40;
const reads = 'request-headers+response-headers';

const typeRequest = 'HTX_BLK_REQ_SL';
const typeResponse = 'HTX_BLK_RES_SL';
const typeHeader = 'HTX_BLK_HDR';
const typeEnd = 'HTX_BLK_EOH';
const typeData = 'HTX_BLK_DATA';
const typeNone = 'HTX_BLK_UNUSED';

/** The message of the direction at hand; null: its head is not there. */
function messageOf(stream: Stream, out: Sample): Message | null {
  const isRequest = stream.direction === directionRequest;
  const message = isRequest ? stream.request : stream.response;
  const isThere = isRequest ? message.headLength > 0 : message.status > 0;
  out.mayChange = !isThere;
  return isThere && stream.frontend.isHttp ? message : null;
}

function payloadOf({ direction, requestPayload, responsePayload }: Stream): Payload {
  return direction === directionRequest ? requestPayload : responsePayload;
}

/** Index of each header that was not removed. */
function headersOf({ count, headers }: Message): number[] {
  const kept: number[] = [];
  for (let i = 0; i < count; i++) if (headers[i * headerWords + 1] > 0) kept.push(i);
  return kept;
}

function startLine(stream: Stream, message: Message): string {
  const version = `HTTP/${Math.floor(message.version / 10)}.${message.version % 10}`;
  if (stream.direction !== directionRequest) {
    const { bytes, reasonAt, reasonLength, status } = message;
    const usual = Buffer.from(reasonBytes(status)).toString('latin1');
    return `${version} ${status} ${reasonLength > 0 ? latin1(bytes, reasonAt, reasonLength) : usual}`;
  }
  const { method } = message;
  const name =
    method === methodOther
      ? latin1(message.bytes, message.methodAt, message.methodLength)
      : methods[method];
  return `${name} ${message.target()} ${version}`;
}

interface Block {
  readonly type: string;
  readonly size: number;
  /** Index of the header, -1 for other blocks. */
  readonly header: number;
}

/** The blocks in order. Sizes count texts without what stands between them. */
function blocksOf(stream: Stream, message: Message): readonly Block[] {
  const isRequest = stream.direction === directionRequest;
  const line = startLineBytes + startLine(stream, message).length - 2;
  const blocks: Block[] = [
    { type: isRequest ? typeRequest : typeResponse, size: line, header: -1 },
  ];
  for (const header of headersOf(message)) {
    const word = header * headerWords;
    const size = message.headers[word + 1] + message.headers[word + 3];
    blocks.push({ type: typeHeader, size, header });
  }
  blocks.push({ type: typeEnd, size: 1, header: -1 });
  const { length } = payloadOf(stream);
  if (length > 0) blocks.push({ type: typeData, size: length, header: -1 });
  return blocks;
}

/** Numbers of the message as a whole. */
interface Whole {
  readonly size: number;
  readonly data: number;
  readonly count: number;
}

const used = ({ data, count }: Whole): number => data + count * blockBytes;

const numbers: readonly (readonly [name: string, help: string, read: (whole: Whole) => number])[] =
  [
    ['data', 'bytes of all blocks', ({ data }) => data],
    ['free', 'bytes that are free', (whole) => whole.size - used(whole)],
    [
      'free_data',
      'bytes that one more block can have',
      (whole) => Math.max(0, whole.size - used(whole) - blockBytes),
    ],
    ['nbblks', 'number of blocks', ({ count }) => count],
    ['size', 'bytes of a buffer for blocks', ({ size }) => size],
    ['used', 'bytes of all blocks with what is known about them', used],
  ];

const wholeRows = numbers.map(
  ([name, help, read]): FetchDef => ({
    name: `internal.htx.${name}`,
    args: [],
    returns: kindSint,
    reads,
    help: `${help} of the message, as HAProxy would keep it`,
    example: `internal.htx.${name}`,
    build: () => (stream, out) => {
      const message = messageOf(stream, out);
      if (message === null) return false;
      const blocks = blocksOf(stream, message);
      let data = 0;
      for (const block of blocks) data += block.size;
      const size = stream.thread.program.model.global.tune.bufsize - bufferBytes;
      return out.setInt(read({ size, data, count: blocks.length }));
    },
  }),
);

const isWhole: Evaluate = (stream, out) => {
  const message = messageOf(stream, out);
  return message !== null && out.setBool(payloadOf(stream).ended);
};

/** A position, or head, first and tail; -1 after an alert. */
function positionOf([value]: readonly ArgumentValue[], scope: Scope): number {
  const text = String(value);
  if (text === 'head' || text === 'first') return 0;
  if (text === 'tail') return Number.MAX_SAFE_INTEGER;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  scope.alert(`'${text}' is no position of a block: a number, 'head', 'first' or 'tail'`);
  return -1;
}

type Show = (block: Block | undefined, message: Message, stream: Stream, out: Sample) => boolean;

const shows: readonly (readonly [name: string, kind: number, help: string, show: Show])[] = [
  ['size', kindSint, 'size', (block, _message, _stream, out) => out.setInt(block?.size ?? 0)],
  [
    'type',
    kindString,
    'type',
    (block, _message, _stream, out) => out.setText(block?.type ?? typeNone),
  ],
  [
    'data',
    kindBinary,
    'payload',
    (block, _message, stream, out) => {
      const { at, length } = payloadOf(stream);
      const isData = block?.type === typeData;
      out.setText(isData ? latin1(stream.thread.memory.bytes, at, length) : '');
      out.kind = kindBinary;
      return true;
    },
  ],
  [
    'hdrname',
    kindString,
    'header name',
    (block, message, _stream, out) =>
      out.setText(block !== undefined && block.header >= 0 ? message.nameText(block.header) : ''),
  ],
  [
    'hdrval',
    kindString,
    'header value',
    (block, message, _stream, out) =>
      out.setText(block !== undefined && block.header >= 0 ? message.valueText(block.header) : ''),
  ],
  [
    'start_line',
    kindString,
    'start line',
    (block, message, stream, out) => {
      const isLine = block?.type === typeRequest || block?.type === typeResponse;
      return out.setText(isLine ? startLine(stream, message) : '');
    },
  ],
];

const blockRows = shows.map(
  ([name, kind, what, show]): FetchDef => ({
    name: `internal.htx_blk.${name}`,
    args: [{ name: 'position', type: 'string' }],
    returns: kind as FetchDef['returns'],
    reads,
    help: `${what} of a block of the message, as HAProxy would keep it`,
    example: `internal.htx_blk.${name}(head)`,
    build: (args, scope) => {
      const position = positionOf(args, scope);
      if (position < 0) return null;
      return (stream, out) => {
        const message = messageOf(stream, out);
        if (message === null) return false;
        const blocks = blocksOf(stream, message);
        return show(blocks[Math.min(position, lastOf(blocks, position))], message, stream, out);
      };
    },
  }),
);

/** `tail` is the last block; other positions stay as they are. */
function lastOf(blocks: readonly Block[], position: number): number {
  return position === Number.MAX_SAFE_INTEGER ? blocks.length - 1 : position;
}

export const htx: readonly FetchDef[] = [
  ...wholeRows,
  {
    name: 'internal.htx.has_eom',
    args: [],
    returns: kindBool,
    reads,
    help: 'the message is here as a whole',
    example: 'internal.htx.has_eom',
    build: () => isWhole,
  },
  ...blockRows,
];
