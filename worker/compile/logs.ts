// The log lines of a proxy: targets, format and options into a LogPlan. Called by proxies.ts at
// start.

import { hostname } from 'node:os';
import type {
  GlobalModel,
  LineModel,
  LogTargetModel,
  ProxyModel,
} from '../../shared/config/model.ts';
import type { FormatText } from '../keyword.ts';
import { writeHeaders } from '../log/header.ts';
import type { LogPlan, LogTargetPlan, SamplePlan, WriteLine } from '../log/plan.ts';
import { compilePreset, presetFormats, writeConnect } from '../log/presets.ts';
import type { SenderSet } from '../log/sender.ts';
import { logLineFormat } from './log-format.ts';
import type { CompileScope } from './scope.ts';

export interface LogInput {
  readonly model: ProxyModel;
  readonly global: GlobalModel;
  readonly scope: CompileScope;
  readonly senders: SenderSet;
}

/** null: the proxy logs nothing. */
export function compileLog(input: LogInput): LogPlan | null {
  const { model, global, senders } = input;
  const isFront = model.kind !== 'backend';
  if (isFront) refuseErrorFormat(input);
  const line = isFront ? compileLine(input) : null;
  const structuredData = isFront ? compileFormat(input, model.logFormatSd) : null;
  if (model.logs.length === 0) return null;
  return {
    targets: model.logs.map((target) => compileTarget(target, global, senders)),
    line: line ?? (isFront ? writeConnect : null),
    atAccept: line === null,
    structuredData,
    tag: model.logTag || global.logTag || 'haproxy',
    host: hostOf(global),
    skipNull: model.options['dontlognull'] === true,
    skipNormal: model.options['dontlog-normal'] === true,
    early: model.options['logasap'] === true,
    raiseErrors: model.options['log-separate-errors'] === true,
  };
}

/** The `log` lines of global, for what the process itself has to say; null: it has none. */
export function compileGlobalLog(global: GlobalModel, senders: SenderSet): LogPlan | null {
  if (global.logs.length === 0) return null;
  return {
    targets: global.logs.map((target) => compileTarget(target, global, senders)),
    line: null,
    atAccept: false,
    structuredData: null,
    tag: global.logTag || 'haproxy',
    host: hostOf(global),
    skipNull: false,
    skipNormal: false,
    early: false,
    raiseErrors: false,
  };
}

/** `log-send-hostname`: a name, or the system's; without it none is known. */
function hostOf({ logSendHostname }: GlobalModel): string {
  if (logSendHostname === null) return '';
  return logSendHostname === '' ? hostname() : logSendHostname;
}

function refuseErrorFormat({ model, scope }: LogInput): void {
  const line = model.errorLogFormat;
  if (line !== null) scope.at(line).alert("'error-log-format' is not supported yet");
}

function compileLine(input: LogInput): WriteLine | null {
  const { model, scope } = input;
  if (model.logFormat !== null) return compileFormat(input, model.logFormat);
  if (model.logPreset === 'default') return null;
  const format = presetFormats[model.logPreset];
  return compilePreset(format, (text) => scope.logFormatAs(`%[${text}]`, logLineFormat));
}

function compileFormat({ scope }: LogInput, line: LineModel | null): WriteLine | null {
  if (line === null) return null;
  const format = scope.at(line).logFormatAs(line.words[0] ?? '', logLineFormat);
  return format === null ? null : writeText(format);
}

function writeText(format: FormatText): WriteLine {
  return (stream, line) => line.text(format(stream));
}

function compileTarget(
  model: LogTargetModel,
  global: GlobalModel,
  senders: SenderSet,
): LogTargetPlan {
  const standard = global.logSendHostname === null ? 'local' : 'rfc3164';
  const writeHeader = writeHeaders.get(model.format === '' ? standard : model.format);
  if (writeHeader === undefined) throw new Error(`log format '${model.format}' has no header`);
  return {
    sender: senders.senderOf(model.address, model.target),
    writeHeader,
    facilityBits: model.facility * 8,
    level: model.level,
    minLevel: model.minLevel,
    lengthBytes: model.lengthBytes,
    sample: model.sample === '' ? null : compileSample(model.sample),
  };
}

/** `1-2,5:8`: which messages of every round of eight are sent, counted from 1. */
export function compileSample(text: string): SamplePlan {
  const [ranges, size] = text.split(':');
  const chosen = new Array<boolean>(Number(size)).fill(false);
  for (const range of ranges.split(',')) {
    const [low, high = low] = range.split('-').map(Number);
    for (let number = low; number <= high; number++) chosen[number - 1] = true;
  }
  return { chosen, position: 0 };
}
