// `log` lines of global, proxies and log-forward sections (manual 4.2 "log"): where lines go, in
// what form, and which of them. Rows of other files call readLog, which writes LogTargetModel.

import { parseAddress } from '../../address.ts';
import { type Draft, newRingDraft, newServerDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { AddressModel, LogTargetModel } from '../model.ts';
import { toAddressModel } from './bind.ts';
import { type HostedTarget, hostedTarget } from './log-hosted.ts';

/** Facilities in the order of their numbers (RFC 5424 6.2.1). */
const facilities = (
  'kern user mail daemon auth syslog lpr news uucp cron auth2 ftp ntp audit alert cron2 ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');
const levels = 'emerg alert crit err warning notice info debug'.split(' ');
/** Headers that log lines may have. */
export const logHeaderFormats = [
  'local',
  'rfc3164',
  'rfc5424',
  'priority',
  'short',
  'timed',
  'iso',
  'raw',
] as const;

/**
 * Reads a `log` line onto `before`; `global` is the list that `log global` copies, null in global.
 * null after an alert.
 */
export function readLog(
  line: Line,
  before: readonly LogTargetModel[],
  draft: Draft,
  global: readonly LogTargetModel[] | null,
): readonly LogTargetModel[] | null {
  if (line.modifier === 'no') return line.atMost(0) ? [] : null;
  if (line.arg(0) === 'global' && line.count === 1) {
    if (global === null)
      return line.alert(0, "'global' is not supported for a global syslog server");
    return [...before, ...global.filter((target) => !before.includes(target))];
  }
  if (line.count < 2) {
    return line.alert(
      -1,
      `log : expects <address> and <facility>${global ? ' or global' : ''} as arguments`,
    );
  }
  const hosted = hostedTarget(line, draft);
  const own = hosted === null ? readTarget(line, draft) : null;
  const options = readLogOptions(line, hosted);
  if (options === null) return null;
  const target = hosted === null ? own : hosted.finish(options.format);
  if (target === null) return null;
  return [...before, { place: line.place(-1), ...target, ...options }];
}

type Target = Pick<LogTargetModel, 'address' | 'target'>;

function readTarget(line: Line, draft: Draft): Target | null {
  const text = line.arg(0);
  if (text === 'stdout' || text === 'fd@1') return { address: null, target: 'stdout' };
  if (text === 'stderr' || text === 'fd@2') return { address: null, target: 'stderr' };
  if (/^(ring|backend)@/.test(text)) return { address: null, target: text };
  const rules = { port: true, dgram: true, defaultDgram: true, fd: true, names: true };
  const { address, error } = parseAddress(text, { ...rules, variables: draft.environment });
  if (address === null) return line.alert(0, `log : ${error}`);
  const model = toAddressModel(address, draft);
  if (model === null) return line.alert(0, `log : could not resolve address '${address.host}'.`);
  const full = withPort(model);
  if (full.socket === 'dgram' || full.family === 'fd') return { address: full, target: '' };
  return { address: null, target: `ring@${implicitRing(line, full, draft)}` };
}

/** A target that is reached by a stream has a ring of its own; its name. */
function implicitRing(line: Line, address: AddressModel, draft: Draft): string {
  const count = draft.rings.filter(({ model }) => model.name.startsWith('ring#')).length;
  const name = `ring#${count + 1}`;
  const { file, line: number } = line.place(-1);
  const ring = newRingDraft(line.place(-1), name);
  ring.model.description = `created from log directive declared into '${file}' at line ${number}`;
  ring.model.format = '';
  ring.model.connectMs = 1000;
  ring.model.serverMs = 5000;
  ring.proxy.model.servers.push({ ...newServerDraft(line.place(-1), name).model, address });
  draft.rings.push(ring);
  return name;
}

/** The syslog port when none is written. */
function withPort(address: AddressModel): AddressModel {
  const internet = address.family === 'ipv4' || address.family === 'ipv6';
  const port = internet && address.port === 0 ? 514 : address.port;
  return { ...address, port };
}

type Options = Omit<LogTargetModel, 'place' | 'address' | 'target'>;

function readLogOptions(line: Line, hosted: HostedTarget | null): Options | null {
  let index = 1;
  let lengthBytes = 1024;
  let format: string = '';
  let sample = '';
  if (line.arg(index) === 'len') {
    lengthBytes = Number(line.arg(index + 1));
    if (!(lengthBytes >= 80 && lengthBytes <= 65_535)) {
      const text = line.arg(index + 1);
      return line.alert(
        index + 1,
        `log : invalid log length '${text}', must be between 80 and 65535`,
      );
    }
    index += 2;
  }
  if (line.arg(index) === 'format') {
    format = line.arg(index + 1);
    if (!logHeaderFormats.some((known) => known === format)) {
      return line.alert(index + 1, `log : unknown log format '${format}'`);
    }
    index += 2;
  }
  if (line.arg(index) === 'sample') {
    sample = line.arg(index + 1);
    const problem = sampleProblem(sample);
    if (problem !== '') return line.alert(index + 1, `log : ${problem}`);
    index += 2;
  }
  let profile = '';
  if (line.arg(index) === 'profile') {
    profile = line.arg(index + 1);
    index += 2;
  }
  if (hosted !== null) {
    const next = hosted.readWords(index);
    if (next === null) return null;
    index = next;
  }
  return readLevels(line, index, { lengthBytes, format, sample, profile });
}

function sampleProblem(text: string): string {
  const match = /^(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*):(\d+)$/.exec(text);
  if (match === null)
    return text.includes(':') ? `wrong sample range '${text}'` : 'Missing sample size';
  const ranges = match[1].split(',').map((part) => part.split('-').map(Number));
  const size = Number(match[2]);
  for (const [index, [low, high = low]] of ranges.entries()) {
    if (low < 1 || high < low || high > size) return `wrong sample range '${text}'`;
    const overlaps = ranges.some(
      ([otherLow, otherHigh = otherLow], other) =>
        other !== index && low <= otherHigh && otherLow <= high,
    );
    if (overlaps) return `sample ranges overlap in '${text}'`;
  }
  return '';
}

function readLevels(
  line: Line,
  index: number,
  options: Pick<Options, 'lengthBytes' | 'format' | 'sample' | 'profile'>,
): Options | null {
  const facility = facilities.indexOf(line.arg(index));
  if (facility < 0) return line.alert(index, `log : unknown log facility '${line.arg(index)}'`);
  const max = line.arg(index + 1);
  const min = line.arg(index + 2);
  const level = max === '' ? 7 : levels.indexOf(max);
  if (level < 0) return line.alert(index + 1, `log : unknown optional log level '${max}'`);
  const minLevel = min === '' ? 0 : levels.indexOf(min);
  if (minLevel < 0) {
    return line.alert(index + 2, `log : unknown optional minimum log level '${min}'`);
  }
  return line.atMost(index + 3) ? { ...options, facility, level, minLevel } : null;
}
