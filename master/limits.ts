// How many connections the process may hold: maxconn from the descriptor limit or from -m, and the
// descriptor limit that follows (manual: global maxconn, ulimit-n, fd-hard-limit, strict-limits;
// management.txt chapter 5). Called once per start and reload, before anything is bound. Numbers
// only, except `applyLimits`.

import { setFlagsFromString } from 'node:v8';
import type { Model, ProxyModel } from '../shared/config/model.ts';
import { errnoText } from '../shared/sys/errno.ts';
import type { Sys } from '../shared/sys/sys.ts';
import { threadCount } from './wanted.ts';

export interface LimitsInput {
  readonly model: Model;
  /** -m, 0 without. */
  readonly memoryMegabytes: number;
  /** The larger of the soft and the hard limit the process was started with. */
  readonly descriptorsMax: number;
  /** May the limit be raised to so many? Asked only for what -m computes. */
  readonly isPermitted: (descriptors: number) => boolean;
}

export interface Limits {
  readonly maxconn: number;
  /** Descriptors that so many connections need at the worst. */
  readonly descriptors: number;
  /** True: nobody asked for this number. */
  readonly automatic: boolean;
  /** '' or why no number can be found. */
  readonly error: string;
}

const maxconnLeast = 100;
const descriptorsDefaultMax = 1_048_576;
/** What node and the control thread hold open, and what one proxy thread does. */
const processDescriptors = 64;
const threadDescriptors = 16;
/** Share of -m that connections may use, and what they cost in bytes beside their two buffers. */
const memoryShare = 0.97;
const streamBytes = 2532;
const tlsSessionBytes = 14_000;
const tlsHandshakeBytes = 82_000;
const tlsCacheEntryBytes = 200;

/** Finds maxconn and the number of descriptors it needs. */
export function computeLimits(input: LimitsInput): Limits {
  const { model } = input;
  const { global } = model;
  const capped = capDescriptors(input);
  const ideal = Math.max(
    Math.floor((capped - fixedDescriptors(model)) / perConnection(model)),
    maxconnLeast,
  );
  let maxconn = global.maxconn;
  if (maxconn === 0) maxconn = input.memoryMegabytes > 0 ? byMemory(input, ideal) : ideal;
  const needed = descriptorsFor(model, maxconn);
  const error =
    maxconn > 0
      ? ''
      : `Cannot compute the automatic maxconn: ${input.memoryMegabytes} MB (-m) hold no connection.`;
  return {
    maxconn,
    descriptors: global.ulimitN > 0 ? global.ulimitN : needed,
    automatic: global.maxconn === 0,
    error,
  };
}

function capDescriptors({ model, memoryMegabytes, descriptorsMax }: LimitsInput): number {
  const { maxconn, ulimitN, fdHardLimit } = model.global;
  const isAnySet = maxconn > 0 || ulimitN > 0 || memoryMegabytes > 0 || fdHardLimit > 0;
  const cap = isAnySet ? fdHardLimit : descriptorsDefaultMax;
  return cap > 0 ? Math.min(descriptorsMax, cap) : descriptorsMax;
}

function descriptorsFor(model: Model, maxconn: number): number {
  return Math.ceil(maxconn * perConnection(model)) + fixedDescriptors(model);
}

/** Listeners, checks and what the program itself needs. */
function fixedDescriptors(model: Model): number {
  const { global, proxies } = model;
  let count = processDescriptors + threadCount(model) * threadDescriptors;
  count += global.statsSockets.length + global.statsMaxconn;
  for (const proxy of proxies) {
    for (const bind of proxy.binds) count += bind.addresses.length;
    for (const server of proxy.servers) if (server.check) count++;
  }
  return count;
}

/** Two sockets, and half a descriptor more on average where bodies may be spliced through pipes. */
function perConnection(model: Model): number {
  return model.proxies.some(mayAskForPipes) ? 2.5 : 2;
}

const spliceOptions = ['splice-auto', 'splice-request', 'splice-response'] as const;

function mayAskForPipes(proxy: ProxyModel): boolean {
  return spliceOptions.some((name) => proxy.options[name] === true);
}

/** What the memory holds; no more than `ideal` when the system does not allow the descriptors. */
function byMemory({ model, memoryMegabytes, isPermitted }: LimitsInput, ideal: number): number {
  const sides = tlsSides(model);
  let bytes = memoryMegabytes * 1_048_576;
  if (sides > 0) bytes -= model.global.tune.sslCachesize * tlsCacheEntryBytes;
  const clear = streamBytes + 2 * model.global.tune.bufsize;
  const tls = sides > 0 ? sides * tlsSessionBytes + tlsHandshakeBytes : 0;
  const count = twoDigits(Math.max(0, Math.floor((bytes * memoryShare) / (clear + tls))));
  return isPermitted(descriptorsFor(model, count)) ? count : twoDigits(Math.min(count, ideal));
}

/** 0, 1 or 2: whether clients, servers or both speak TLS. */
function tlsSides({ proxies }: Model): number {
  const front = proxies.some((proxy) => proxy.binds.some((bind) => bind.ssl !== null));
  const back = proxies.some((proxy) => proxy.servers.some((server) => server.ssl !== null));
  return Number(front) + Number(back);
}

/** The number with all but its first two digits zero. */
function twoDigits(value: number): number {
  const unit = 10 ** Math.max(0, String(value).length - 2);
  return Math.floor(value / unit) * unit;
}

const RLIMIT_NOFILE = 7;

/** Soft and hard limit of descriptors as they are now. */
export function descriptorLimits(sys: Sys): { readonly soft: number; readonly hard: number } {
  const limits = new Float64Array(2);
  const result = sys.getrlimit(RLIMIT_NOFILE, limits);
  if (result < 0) return { soft: 1024, hard: 1024 };
  const soft = limits[0]!;
  const hard = limits[1]!;
  return { soft, hard: hard === Number.POSITIVE_INFINITY ? soft : hard };
}

/** True when this process may raise its limit to `descriptors`; the limits stay as they are. */
export function canRaiseTo(sys: Sys, descriptors: number): boolean {
  const { soft, hard } = descriptorLimits(sys);
  if (descriptors <= hard) return true;
  const allowed = sys.setrlimit(RLIMIT_NOFILE, soft, descriptors) >= 0;
  if (allowed) sys.setrlimit(RLIMIT_NOFILE, soft, hard);
  return allowed;
}

export interface AppliedLimits {
  /** Refuses the start under strict-limits, warns otherwise. '' when all went well. */
  readonly problem: string;
}

/**
 * Raises the descriptor limit of this process (children inherit it) and bounds V8's heap for -m.
 */
export function applyLimits(sys: Sys, limits: Limits, memoryMegabytes: number): AppliedLimits {
  if (memoryMegabytes > 0) setFlagsFromString(`--max-old-space-size=${memoryMegabytes}`);
  const before = descriptorLimits(sys);
  if (before.soft >= limits.descriptors) return { problem: '' };
  const hard = Math.max(before.hard, limits.descriptors);
  const result = sys.setrlimit(RLIMIT_NOFILE, limits.descriptors, hard);
  if (result >= 0) return { problem: '' };
  sys.setrlimit(RLIMIT_NOFILE, before.hard, before.hard);
  const now = descriptorLimits(sys).soft;
  return {
    problem:
      `Cannot raise FD limit to ${limits.descriptors}, limit is ${now} (${errnoText(-result)}); ` +
      `it is too low for maxconn=${limits.maxconn}. ` +
      `Please raise 'ulimit-n' to ${limits.descriptors} or more to avoid any trouble.`,
  };
}
