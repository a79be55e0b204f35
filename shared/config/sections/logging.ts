// Log lines of `global` and of proxies: targets, formats, tags. Rows write LogTargetModel and the
// format fields; what a format says is the compiler's business.

import { parseAddress } from '../../address.ts';
import type { Draft } from '../draft.ts';
import type { ProxyDraft, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import { chosenSteps } from '../log-steps.ts';
import type { AddressModel, LogTargetModel } from '../model.ts';
import { toAddressModel } from './bind.ts';

/** Facilities in the order of their numbers (RFC 5424 6.2.1). */
const facilities = (
  'kern user mail daemon auth syslog lpr news uucp cron auth2 ftp ntp audit alert cron2 ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');
const levels = 'emerg alert crit err warning notice info debug'.split(' ');
const formats = [
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
  const target = readTarget(line, draft);
  const options = readLogOptions(line);
  if (target === null || options === null) return null;
  return [...before, { place: line.place(-1), ...target, ...options }];
}

type Target = Pick<LogTargetModel, 'address' | 'target'>;

function readTarget(line: Line, draft: Draft): Target | null {
  const text = line.arg(0);
  if (text === 'stdout' || text === 'fd@1') return { address: null, target: 'stdout' };
  if (text === 'stderr' || text === 'fd@2') return { address: null, target: 'stderr' };
  if (/^(ring|backend)@/.test(text)) return line.notSupported(0, `log ${text.split('@')[0]}@`);
  const rules = { port: true, dgram: true, defaultDgram: true, fd: true, names: true };
  const { address, error } = parseAddress(text, { ...rules, variables: draft.environment });
  if (address === null) return line.alert(0, `log : ${error}`);
  if (address.socket === 'stream' && address.family !== 'fd') {
    return line.notSupported(0, 'log to a stream address');
  }
  const model = toAddressModel(address, draft);
  if (model === null) return line.alert(0, `log : could not resolve address '${address.host}'.`);
  return { address: withPort(model), target: '' };
}

/** The syslog port when none is written. */
function withPort(address: AddressModel): AddressModel {
  const internet = address.family === 'ipv4' || address.family === 'ipv6';
  return internet && address.port === 0 ? { ...address, port: 514 } : address;
}

type Options = Omit<LogTargetModel, 'place' | 'address' | 'target'>;

function readLogOptions(line: Line): Options | null {
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
    if (!formats.some((known) => known === format)) {
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

/** What a log preset is called, for the warning about overwriting in defaults. */
function presetName(proxy: ProxyDraft): string {
  const { logFormat, logPreset } = proxy.model;
  if (logFormat !== null) return 'log-format';
  return logPreset === 'default' ? '' : `option ${logPreset}log`;
}

function warnOverride(line: Line, proxy: ProxyDraft): void {
  const old = presetName(proxy);
  if (proxy.section === 'defaults' && old !== '') {
    line.warning(-1, `'${line.name}' overrides previous '${old}' in 'defaults' section.`);
  }
  if (proxy.section === 'backend') {
    const { name } = proxy.model;
    line.warning(-1, `backend '${name}' : '${line.name}' directive is ignored in backends.`);
  }
}

function presetRow(preset: 'tcp' | 'http' | 'https', clf: boolean): ProxyKeyword {
  const name = `option ${preset}log`;
  return {
    name,
    side: 'both',
    defaults: 'yes',
    help: `the ${preset.toUpperCase()} log format`,
    example: name,
    parse: (line, proxy) => {
      if (!line.atMost(clf ? 1 : 0)) return;
      const wanted = line.arg(0);
      if (wanted !== '' && (wanted !== 'clf' || preset === 'tcp')) {
        if (wanted === 'clf') line.notSupported(0, 'option tcplog clf');
        else line.alert(0, `keyword '${preset}log' only supports option 'clf'.`);
        return;
      }
      warnOverride(line, proxy);
      proxy.model.logFormat = null;
      proxy.model.logPreset = wanted === 'clf' ? 'clf' : preset;
      proxy.logPresetPlace = line.place(-1);
    },
  };
}

function formatRow(
  name: 'log-format' | 'error-log-format' | 'log-format-sd',
  field: 'logFormat' | 'errorLogFormat' | 'logFormatSd',
  help: string,
): ProxyKeyword {
  return {
    name,
    side: 'both',
    defaults: 'yes',
    help,
    example: `${name} "%ci:%cp %ST"`,
    parse: (line, proxy) => {
      if (line.needed(0, 'an argument') === null || !line.atMost(1)) return;
      if (field === 'logFormat') {
        warnOverride(line, proxy);
        proxy.model.logPreset = 'default';
      } else if (proxy.section === 'backend') {
        line.warning(
          -1,
          `backend '${proxy.model.name}' : '${name}' directive is ignored in backends.`,
        );
      }
      proxy.model[field] = line.model(0, '');
    },
  };
}

function readSteps(line: Line): readonly string[] | null {
  const text = line.atMost(1) ? line.needed(0, "'all' or names of steps") : null;
  if (text === null || text === 'all') return text === null ? null : [text];
  const names = text.split(',').filter((name) => name !== '');
  const wrong = names.find((name) => !chosenSteps.includes(name));
  if (wrong === undefined) return names;
  const list = chosenSteps.join(', ');
  return line.alert(0, `'log-steps' : no step '${wrong}'. Steps are: all, ${list}.`);
}

export const loggingKeywords: readonly ProxyKeyword[] = [
  {
    name: 'log',
    side: 'both',
    defaults: 'yes',
    negatable: true,
    help: 'a log target',
    example: 'log global',
    parse: (line, proxy, draft) => {
      const logs = readLog(line, proxy.model.logs, draft, draft.global.logs);
      if (logs !== null) proxy.model.logs = [...logs];
    },
  },
  {
    name: 'log-tag',
    side: 'both',
    defaults: 'yes',
    help: 'program name in log lines',
    example: 'log-tag web',
    parse: (line, proxy) => {
      const tag = line.atMost(1) ? line.needed(0, 'a tag for use in syslog') : null;
      if (tag !== null) proxy.model.logTag = tag;
    },
  },
  {
    name: 'log-steps',
    side: 'front',
    defaults: 'yes',
    help: 'when log lines are written',
    example: 'log-steps accept,close',
    parse: (line, proxy) => {
      const steps = readSteps(line);
      if (steps !== null) proxy.model.logSteps = steps;
    },
  },
  formatRow('log-format', 'logFormat', 'format of log lines'),
  formatRow('error-log-format', 'errorLogFormat', 'format of log lines of refused connections'),
  formatRow('log-format-sd', 'logFormatSd', 'structured data of log lines'),
  presetRow('tcp', true),
  presetRow('http', true),
  presetRow('https', false),
  {
    name: 'unique-id-format',
    side: 'both',
    defaults: 'yes',
    help: 'format of request identifiers',
    example: 'unique-id-format %[uuid]',
    parse: (line, proxy) => {
      if (line.needed(0, 'an argument') === null || !line.atMost(1)) return;
      proxy.model.uniqueIdFormat = line.model(0, '');
    },
  },
  {
    name: 'unique-id-header',
    side: 'both',
    defaults: 'yes',
    help: 'header that carries the request identifier',
    example: 'unique-id-header X-Request-Id',
    parse: (line, proxy) => {
      const name = line.atMost(1) ? line.needed(0, 'an argument') : null;
      if (name !== null) proxy.model.uniqueIdHeader = name;
    },
  },
];
