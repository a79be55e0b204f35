// The words of `server` lines about the PROXY protocol: which version is sent and what it carries.

import type { ServerKeyword, WordCursor } from '../keyword.ts';
import type { ServerModel } from '../model.ts';

const options = [
  'authority',
  'cert-cn',
  'cert-key',
  'cert-sig',
  'crc32c',
  'ssl',
  'ssl-cipher',
  'unique-id',
];

/** Adds to what earlier words of the line have asked for. */
function carry(model: ServerModel, words: readonly string[]): void {
  model.proxyV2Options = [...new Set([...model.proxyV2Options, ...words])];
}

function readOptions({ line, index }: WordCursor, model: ServerModel): void {
  const words = line.arg(index + 1).split(',');
  for (const word of words) {
    if (options.includes(word)) continue;
    line.alert(index + 1, `'proxy-v2-options' : proxy v2 option '${word}' not implemented.`);
    return;
  }
  carry(model, words);
}

/** `set-proxy-v2-tlv-fmt(TYPE) FORMAT`; the type is decimal, 0x hexadecimal or 0 octal. */
function readTlv(cursor: WordCursor, model: ServerModel): void {
  const { line, index } = cursor;
  const word = line.arg(index);
  const text = /\((.*)\)$/.exec(word)?.[1] ?? '';
  const isNumber = /^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text);
  const isOctal = /^0[0-7]+$/.test(text);
  const type = isOctal ? Number.parseInt(text, 8) : Number(text);
  if (!isNumber || type > 255) {
    line.alert(index, `'${word}' : expects a TLV type from 0 to 255 between parentheses.`);
    return;
  }
  const format = line.arg(index + 1);
  cursor.index++;
  model.proxyTlvs = [...model.proxyTlvs, { type, format }];
}

interface SslRow {
  readonly name: string;
  readonly carries: readonly string[];
  readonly help: string;
}

const sslRows: readonly SslRow[] = [
  { name: 'send-proxy-v2-ssl', carries: ['ssl'], help: 'with what TLS with the client is' },
  {
    name: 'send-proxy-v2-ssl-cn',
    carries: ['ssl', 'cert-cn'],
    help: 'with the name in the certificate of the client',
  },
];

const sslKeywords = sslRows.flatMap(({ name, carries, help }): readonly ServerKeyword[] => [
  {
    name,
    takes: 0,
    help: `PROXY protocol version 2 ${help}`,
    example: `server s 127.0.0.1:80 ${name}`,
    parse: (_cursor, { model }) => {
      model.sendProxy = 2;
      carry(model, carries);
    },
  },
  {
    name: `no-${name}`,
    takes: 0,
    help: `not ${help}`,
    example: `server s 127.0.0.1:80 no-${name}`,
    parse: (_cursor, { model }) => {
      model.sendProxy = 0;
      model.proxyV2Options = model.proxyV2Options.filter((option) => !carries.includes(option));
    },
  },
]);

export const serverProxyKeywords: readonly ServerKeyword[] = [
  ...sslKeywords,
  {
    name: 'proxy-v2-options',
    takes: 1,
    help: 'what PROXY protocol version 2 carries',
    example: 'server s 127.0.0.1:80 proxy-v2-options crc32c',
    parse: (cursor, { model }) => readOptions(cursor, model),
  },
  {
    name: 'set-proxy-v2-tlv-fmt',
    takes: 0,
    parentheses: true,
    help: 'a TLV of PROXY protocol version 2',
    example: 'server s 127.0.0.1:80 set-proxy-v2-tlv-fmt(0xE1) %[src]',
    parse: (cursor, { model }) => readTlv(cursor, model),
  },
];
