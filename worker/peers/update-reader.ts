// Update messages of a peer: read and checked as a whole first, then written into the table under
// its lock. A broken message changes nothing.

import type { StickTable } from '../../shared/segment/stick-table.ts';
import { type DataTypeDef, storageWords, textBytesMax } from '../../shared/segment/table-data.ts';
import { packBytes } from '../../shared/segment/table-key.ts';
import { dictionarySize } from './dictionary.ts';
import { tableIncrementTimed, tableUpdate, tableUpdateTimed } from './messages.ts';
import type { SharedTable } from './shared-table.ts';
import type { RemoteColumn } from './table-definition.ts';
import type { ByteReader } from './varint.ts';

/** Data types that rules count with, and a table that is written to keeps for itself. */
const plainTypes = new Set(['server_id', 'server_key', 'gpt0', 'gpt']);
/** Data types that say something about one peer only. */
const localTypes = new Set(['conn_cur']);

/** The update that was read last. One object for all of them. */
export class UpdateReader {
  /** 32 bits, -1: the one after the last. */
  id: number;
  /** Milliseconds until the entry expires, -1: as the table says. */
  expireMs: number;
  private keyNumber: number;
  private keyText: string;
  private readonly numbers: number[];
  private readonly texts: (string | null)[];

  constructor() {
    this.id = -1;
    this.expireMs = -1;
    this.keyNumber = 0;
    this.keyText = '';
    this.numbers = [];
    this.texts = [];
  }

  /** The head alone: its number counts even where the table is unknown. */
  readHead(type: number, data: ByteReader): boolean {
    this.id = type === tableUpdate || type === tableUpdateTimed ? data.word() : -1;
    const isTimed = type === tableUpdateTimed || type === tableIncrementTimed;
    this.expireMs = isTimed ? data.word() : -1;
    return !data.failed;
  }

  /** Key and values; false: the message is broken. `keys`: server keys that the peer has sent. */
  readBody(
    data: ByteReader,
    { table }: SharedTable,
    columns: readonly RemoteColumn[],
    keys: (string | null)[],
  ): boolean {
    this.readKey(data, table);
    this.numbers.length = 0;
    this.texts.length = 0;
    for (let i = 0; i < columns.length && !data.failed; i++) {
      const { type, length } = columns[i];
      for (let element = 0; element < length && !data.failed; element++) {
        if (!this.readValue(data, type, keys)) return false;
      }
    }
    return !data.failed;
  }

  private readKey(data: ByteReader, { policy }: StickTable): void {
    const { keyType, keyLength } = policy.shape;
    if (keyType === 'ip' || keyType === 'integer') this.keyNumber = data.word();
    else if (keyType === 'string') {
      const length = data.varint();
      this.keyText = data.text(Math.min(length, keyLength));
      data.skip(Math.max(0, length - keyLength));
    } else this.keyText = data.text(keyType === 'ipv6' ? 16 : keyLength);
  }

  private readValue(data: ByteReader, { storage }: DataTypeDef, keys: (string | null)[]): boolean {
    const { numbers } = this;
    switch (storage) {
      case 'signed':
        numbers.push(data.signed());
        return true;
      case 'rate':
        numbers.push(data.varint(), data.varint(), data.varint());
        return true;
      case 'text':
        return this.readServerKey(data, keys);
      default:
        numbers.push(data.varint());
        return true;
    }
  }

  /** null is pushed where the entry keeps what it has. */
  private readServerKey(data: ByteReader, keys: (string | null)[]): boolean {
    const length = data.varint();
    if (data.failed || length > data.left) return false;
    if (length === 0) {
      this.texts.push(null);
      return true;
    }
    const end = data.at + length;
    const number = data.varint();
    if (data.failed || data.at > end || number < 1 || number > dictionarySize) return false;
    if (data.at < end) {
      const bytes = data.varint();
      if (data.failed || bytes > end - data.at) return false;
      keys[number - 1] = data.text(bytes);
    }
    data.at = end;
    this.texts.push(keys[number - 1]);
    return true;
  }

  // ---- into the table ----

  /**
   * Writes the update into the table, and into the one that gets it as well. `from`: the peer, '' :
   * a process of this node. The
   * entry of it that was written, -1: none.
   */
  apply(
    { table, writeTo, receivesOnly, shares }: SharedTable,
    columns: readonly RemoteColumn[],
    from: string,
    nowMs: number,
  ): number {
    const share = from === '' ? undefined : shares?.get(from);
    // Without its share a peer that nobody knows here would be counted as this node.
    if (shares !== null && from !== '' && share === undefined) return -1;
    const takesAll = receivesOnly || share !== undefined;
    const takes = (type: DataTypeDef): boolean => takesAll || !localTypes.has(type.name);
    const entry = this.write(share ?? table, columns, nowMs, takes);
    if (writeTo !== null) {
      this.write(writeTo, columns, nowMs, (type) => plainTypes.has(type.name));
    }
    return entry;
  }

  private write(
    table: StickTable,
    columns: readonly RemoteColumn[],
    nowMs: number,
    takes: (type: DataTypeDef) => boolean,
  ): number {
    this.setKey(table);
    table.enter();
    try {
      const found = table.find(nowMs);
      const entry = found < 0 ? table.take(nowMs) : found;
      if (entry < 0) return entry;
      this.writeValues(table, table.at(entry), columns, { nowMs, takes });
      this.setExpiry(table, entry, found < 0, nowMs);
      return entry;
    } finally {
      table.leave();
    }
  }

  private setKey(table: StickTable): void {
    const { keyType } = table.policy.shape;
    if (keyType === 'ip' || keyType === 'integer') table.keyNumber(this.keyNumber);
    else if (keyType === 'string') table.keyText(this.keyText);
    else table.keyBytes(this.keyText);
  }

  private writeValues(
    table: StickTable,
    at: number,
    columns: readonly RemoteColumn[],
    rules: { readonly nowMs: number; readonly takes: (type: DataTypeDef) => boolean },
  ): void {
    let number = 0;
    let text = 0;
    for (const { type, length } of columns) {
      const column = rules.takes(type) ? table.column(type) : undefined;
      const words = storageWords[type.storage];
      for (let i = 0; i < length; i++) {
        const word =
          column === undefined || i >= column.length ? -1 : at + column.offset + i * words;
        if (type.storage === 'text') this.writeText(table, word, text++);
        else {
          if (word >= 0) this.writeNumber(table, word, type, { number, nowMs: rules.nowMs });
          number += type.storage === 'rate' ? 3 : 1;
        }
      }
    }
  }

  private writeNumber(
    { words, floats }: StickTable,
    word: number,
    { storage }: DataTypeDef,
    { number, nowMs }: { readonly number: number; readonly nowMs: number },
  ): void {
    const { numbers } = this;
    if (storage === 'wide') floats[word >> 1] = numbers[number];
    else if (storage === 'rate') {
      floats[word >> 1] = nowMs - numbers[number];
      words[word + 2] = numbers[number + 1];
      words[word + 3] = numbers[number + 2];
    } else words[word] = numbers[number];
  }

  private writeText({ words }: StickTable, word: number, index: number): void {
    const text = this.texts[index];
    if (word < 0 || text === null) return;
    words[word] = 0;
    if (text.length > textBytesMax) return;
    packBytes(words, word + 1, text, text.length);
    words[word] = text.length;
  }

  /** An entry that is used here stays as long as that asks for. */
  private setExpiry(table: StickTable, entry: number, isNew: boolean, nowMs: number): void {
    const { expireMs } = table.policy;
    const left = this.expireMs < 0 ? expireMs : Math.min(this.expireMs, expireMs);
    const usedMs = nowMs - (expireMs - left);
    if (isNew || usedMs > table.usedMs(entry)) table.setUsed(entry, usedMs);
  }
}
