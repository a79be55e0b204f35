// The log lines of a proxy: targets, format and options into a LogPlan. Called by proxies.ts at
// start.

import { hostname } from 'node:os';
import {
  logStepNumber,
  stepAccept,
  stepClose,
  stepConnect,
  stepRequest,
  stepResponse,
} from '../../shared/config/log-steps.ts';
import type {
  GlobalModel,
  LineModel,
  LogForwardModel,
  LogProfileModel,
  LogTargetModel,
  Model,
  ProxyModel,
  RingModel,
} from '../../shared/config/model.ts';
import type { ForwardPlan } from '../log/forward.ts';
import { formOf } from '../log/forward-header.ts';
import { type WriteHeader, writeHeaders } from '../log/header.ts';
import type { LogPlan, LogProfilePlan, LogTargetPlan, SamplePlan, WriteLine } from '../log/plan.ts';
import { jsonFormat } from '../log/json-format.ts';
import { presetFormats, writeConnect } from '../log/presets.ts';
import type { SenderSet } from '../log/sender-set.ts';
import type { FormatUse } from './log-format.ts';
import type { CompileScope } from './scope.ts';

export interface LogInput {
  readonly model: ProxyModel;
  /** Its lines are about HTTP: also those of a TCP session that has become so. */
  readonly isHttp: boolean;
  readonly global: GlobalModel;
  readonly scope: CompileScope;
  readonly senders: SenderSet;
}

/** null: the proxy logs nothing. */
export function compileLog(input: LogInput): LogPlan | null {
  const { model, global } = input;
  const isFront = model.kind !== 'backend';
  const use: FormatUse = { tags: new Set(), reads: new Set() };
  const format = isFront ? compileLine(input, use) : null;
  const structuredData = isFront ? compileFormat(input, model.logFormatSd, use) : null;
  const errorLine = isFront ? compileFormat(input, model.errorLogFormat) : null;
  if (model.logs.length === 0) return null;
  const named = model.logSteps.length > 0;
  const profile = (name: string): LogProfilePlan | null => input.scope.logProfile(name);
  return {
    targets: model.logs.map((target) => compileTarget(target, { ...input, profile })),
    line: isFront && format === null && !named ? writeConnect : format,
    format,
    errorLine,
    steps: named ? namedSteps(model.logSteps) : ownSteps(input, format !== null, use),
    once: !named,
    structuredData,
    tag: model.logTag || global.logTag || 'haproxy',
    host: hostOf(global),
    counts: [...use.tags].some(({ name }) => name === 'lc'),
    skipNull: model.options['dontlognull'] === true,
    skipNormal: model.options['dontlog-normal'] === true,
    early: model.options['logasap'] === true || named,
    raiseErrors: model.options['log-separate-errors'] === true,
  };
}

const stepBit = (step: number): number => 1 << step;

function namedSteps(names: readonly string[]): number {
  if (names[0] === 'all') return -1;
  return names.reduce((bits, name) => bits | stepBit(logStepNumber(name)), 0);
}

/** Fetches of these classes change until the last byte. */
const untilEnd = /-totals|response-body/;

/**
 * Without log-steps a line is written as soon as all it shows is known (manual 4, log-steps), at
 * the end at the latest.
 */
function ownSteps({ model, isHttp }: LogInput, hasFormat: boolean, use: FormatUse): number {
  if (!hasFormat) return stepBit(stepAccept);
  const waits = new Set([...use.tags].map((tag) => tag.waits ?? 'answer'));
  const atEnd = waits.has('end') || [...use.reads].some((reads) => untilEnd.test(reads));
  if (atEnd && model.options['logasap'] !== true) return stepBit(stepClose);
  if (!isHttp) return stepBit(stepConnect) | stepBit(stepClose);
  const withRequest = waits.has('request') && !waits.has('answer') && use.reads.size === 0;
  const first = withRequest && !atEnd ? stepRequest : stepResponse;
  return stepBit(first) | stepBit(stepClose);
}

/** Where messages go that a log-forward section gets. */
export function compileForward(
  forward: LogForwardModel,
  { global, logProfiles }: Pick<Model, 'global' | 'logProfiles'>,
  senders: SenderSet,
): ForwardPlan {
  const profile = (name: string): LogProfilePlan | null => tagOnly(logProfiles, name);
  return {
    targets: forward.logs.map((target) => ({
      ...compileTarget(target, { global, senders, profile }),
      form: formOf(ringOf(target, senders)?.format || target.format),
      facility: target.facility,
    })),
    isOpaque: forward.isOpaque,
    host: forward.host,
  };
}

/** For lines about something else than a stream; null: there is no target. */
export function compileEventLog(
  logs: readonly LogTargetModel[],
  { global, logProfiles }: Pick<Model, 'global' | 'logProfiles'>,
  senders: SenderSet,
): LogPlan | null {
  if (logs.length === 0) return null;
  const profile = (name: string): LogProfilePlan | null => tagOnly(logProfiles, name);
  return {
    targets: logs.map((target) => compileTarget(target, { global, senders, profile })),
    line: null,
    format: null,
    errorLine: null,
    steps: 0,
    once: true,
    structuredData: null,
    tag: global.logTag || 'haproxy',
    host: hostOf(global),
    counts: false,
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

function compileLine(input: LogInput, use: FormatUse): WriteLine | null {
  const { model, scope } = input;
  if (model.logFormat !== null) return compileFormat(input, model.logFormat, use);
  if (model.logPreset === 'default') return null;
  if (model.logPreset === 'json') return scope.logLine(jsonFormat, use);
  return scope.logLine(presetFormats[model.logPreset], use);
}

function compileFormat(
  { scope }: LogInput,
  line: LineModel | null,
  use?: FormatUse,
): WriteLine | null {
  return line === null ? null : scope.at(line).logLine(line.words[0] ?? '', use);
}

interface TargetInput {
  readonly global: GlobalModel;
  readonly senders: SenderSet;
  profile(name: string): LogProfilePlan | null;
}

/** What a profile gives lines that are about no stream: its steps have nothing to show. */
function tagOnly(profiles: readonly LogProfileModel[], name: string): LogProfilePlan | null {
  const tag = profiles.find((one) => one.name === name)?.tag ?? '';
  return tag === '' ? null : { tag, steps: [] };
}

function compileTarget(model: LogTargetModel, input: TargetInput): LogTargetPlan {
  const { global, senders, profile } = input;
  const ring = ringOf(model, senders);
  const lengthMax = ring === null || ring.lengthMax === 0 ? 65_536 : ring.lengthMax;
  return {
    sender: senders.senderOf(model),
    writeHeader: headerOf(ring?.format || model.format, global),
    facilityBits: model.facility * 8,
    level: model.level,
    minLevel: model.minLevel,
    lengthBytes: Math.min(model.lengthBytes, lengthMax),
    sample: model.sample === '' ? null : compileSample(model.sample),
    profile: model.profile === '' ? null : profile(model.profile),
  };
}

/** The ring that a target leads to, null for any other destination. */
function ringOf({ target }: LogTargetModel, { rings }: SenderSet): RingModel | null {
  return target.startsWith('ring@') ? rings.named(target.slice('ring@'.length)).model : null;
}

/** A header by its name, '' for what goes without saying. */
function headerOf(format: string, global: GlobalModel): WriteHeader {
  const standard = global.logSendHostname === null ? 'local' : 'rfc3164';
  const writeHeader = writeHeaders.get(format || standard);
  if (writeHeader === undefined) throw new Error(`log format '${format}' has no header`);
  return writeHeader;
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
