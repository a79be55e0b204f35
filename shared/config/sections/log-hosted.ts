// Log targets that the control thread serves out of a ring of their own: `file@PATH`, `otlp@URL`.
// Neither is HAProxy's. Their own words stand before the facility; log-target.ts reads the rest.

import { type Draft, newRingDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { LogFileModel, LogTargetModel } from '../model.ts';

type Target = Pick<LogTargetModel, 'address' | 'target'>;

/** One while its line is read. */
export interface HostedTarget {
  /** Its own words from argument `index` on; where they end, null after an alert. */
  readWords(index: number): number | null;
  /** The whole line is read; `format` is what it says about the header. null after an alert. */
  finish(format: string): Target | null;
}

/** The target of a line, null for one of another kind. */
export function hostedTarget(line: Line, draft: Draft): HostedTarget | null {
  const text = line.arg(0);
  if (text.startsWith('file@')) {
    const words: FileWords = { sizeMax: 0, ageMaxMs: 0, keep: keepDefault };
    return {
      readWords: (index) => readFileWords(line, index, words),
      finish: () => fileTarget(line, words, draft),
    };
  }
  if (!text.startsWith('otlp@')) return null;
  const headers: [string, string][] = [];
  return {
    readWords: (index) => readHeaders(line, index, headers),
    finish: (format) => otlpTarget(line, { headers, format }, draft),
  };
}

/** Bytes of records that may wait for a collector. */
const otlpRingBytes = 1 << 22;

/** `header NAME VALUE`, any number of them. */
function readHeaders(line: Line, from: number, headers: [string, string][]): number | null {
  let index = from;
  for (; line.arg(index) === 'header'; index += 3) {
    const [name, value] = [line.arg(index + 1), line.arg(index + 2)];
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || value === '') {
      return line.alert(index, "log : 'header' expects the name of a header and its value");
    }
    headers.push([name, value]);
  }
  return index;
}

interface OtlpWords {
  readonly headers: readonly [string, string][];
  readonly format: string;
}

function otlpTarget(line: Line, { headers, format }: OtlpWords, draft: Draft): Target | null {
  const url = line.arg(0).slice('otlp@'.length);
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    return line.alert(0, `log : 'otlp@' expects an http or https URL, found '${url}'`);
  }
  if (format !== '') {
    return line.alert(-1, "log : 'format' has no meaning here: records have fields of their own");
  }
  const same = draft.rings.find(({ model }) => model.otlp?.url === url);
  if (same !== undefined && JSON.stringify(same.model.otlp?.headers) === JSON.stringify(headers)) {
    return { address: null, target: `ring@${same.model.name}` };
  }
  const count = draft.rings.filter(({ model }) => model.otlp !== null).length;
  const ring = newRingDraft(line.place(-1), `otlp#${count + 1}`);
  ring.model.description = `records for the collector at ${url}`;
  // Level and date are taken from it.
  ring.model.format = 'timed';
  ring.model.sizeBytes = otlpRingBytes;
  ring.model.otlp = { url, headers };
  draft.rings.push(ring);
  return { address: null, target: `ring@${ring.model.name}` };
}

/** Earlier files that are kept without `keep`. */
const keepDefault = 7;
const keepMax = 1000;
/** Bytes that may wait for the disk. */
const fileRingBytes = 1 << 20;

type FileWords = { -readonly [K in 'sizeMax' | 'ageMaxMs' | 'keep']: LogFileModel[K] };

/** A ring that the control thread writes to the file; lines with one path share it. */
function fileTarget(line: Line, words: FileWords, draft: Draft): Target | null {
  const path = line.arg(0).slice('file@'.length);
  if (!path.startsWith('/')) {
    return line.alert(0, `log : 'file@' expects an absolute path, found '${path}'`);
  }
  const file: LogFileModel = { path, ...words };
  const known = draft.rings.find(({ model }) => model.file?.path === path);
  if (known !== undefined) {
    if (JSON.stringify(known.model.file) !== JSON.stringify(file)) {
      const { file: where, line: number } = known.model.place;
      const at = `${where}:${number}`;
      return line.alert(0, `log : '${path}' is written with other limits already at ${at}`);
    }
    return { address: null, target: `ring@${known.model.name}` };
  }
  const count = draft.rings.filter(({ model }) => model.file !== null).length;
  const ring = newRingDraft(line.place(-1), `file#${count + 1}`);
  ring.model.description = `lines for the file ${path}`;
  ring.model.format = '';
  ring.model.sizeBytes = fileRingBytes;
  ring.model.file = file;
  draft.rings.push(ring);
  return { address: null, target: `ring@${ring.model.name}` };
}

/** `max-size`, `max-age`, `keep`, from argument `index` on; where they end, null after an alert. */
function readFileWords(line: Line, from: number, words: FileWords): number | null {
  let index = from;
  for (; ; index += 2) {
    const word = line.arg(index);
    if (word === 'max-size') {
      const size = line.size(index + 1, { min: 4096, max: 2 ** 46 });
      if (size === null) return null;
      words.sizeMax = size;
    } else if (word === 'max-age') {
      const age = line.time(index + 1, 's', 'max-age');
      if (age === null) return null;
      words.ageMaxMs = age;
    } else if (word === 'keep') {
      const keep = line.integer(index + 1, { min: 0, max: keepMax });
      if (keep === null) return null;
      words.keep = keep;
    } else return index;
  }
}
