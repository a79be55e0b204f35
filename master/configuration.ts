// One load of the configuration for one start or reload: read, checked, adjusted by the command
// line, its diagnostics printed. Called by main.ts, stand-alone.ts and the supervisor. Opens no
// socket.

import {
  type Diagnostic,
  type Diagnostics,
  diagnosticText,
  isFatal,
} from '../shared/config/diagnostic.ts';
import { type LoadOptions, type LoadOverrides, loadConfiguration } from '../shared/config/load.ts';
import type { LineModel, Model } from '../shared/config/model.ts';
import type { Console } from './console.ts';
import type { Flags } from './flags.ts';
import type { ConfigurationText } from './program.ts';

export interface Loaded {
  /** null: it cannot run; all that is wrong has been printed. */
  readonly model: Model | null;
}

export interface LoadInput {
  readonly flags: Flags;
  readonly console: Console;
  /** As the program was started: `setenv` of a former load must not show. */
  readonly environment: Readonly<Record<string, string>>;
  readonly texts: readonly ConfigurationText[];
  /** Fetches the compile check; null when only a worker can tell. */
  readonly check: (() => Promise<Check>) | null;
  /** Compile although reading found no mistake (-c); else the worker reports by itself. */
  readonly always: boolean;
}

/** The compile check of worker/check-configuration. */
export type Check = (model: Model) => { readonly diagnostics: Diagnostics };

/** Reads the files and reports every mistake of them in one run. */
export async function load(input: LoadInput): Promise<Loaded> {
  const { flags, console } = input;
  const overrides = overridesOf(flags);
  const { model, found } = await findMistakes({ ...input, files: flags.files, overrides });
  adjust(model, flags);
  printDiagnostics(found, flags, console);
  const alerts = found.filter(isFatal);
  if (alerts.length > 0) {
    for (const file of new Set(alerts.map((alert) => alert.file))) {
      if (file !== '') console.alert(`config : Error(s) found in configuration file : ${file}`);
    }
    console.alert('config : Fatal errors found in configuration.');
    return { model: null };
  }
  return { model: refuseWarnings(console, flags, model) ? null : model };
}

export interface MistakesInput extends LoadOptions, Pick<LoadInput, 'check' | 'always'> {}

/** The model and all that reading and, where needed, compiling say about it. */
export async function findMistakes(input: MistakesInput): Promise<{
  readonly model: Model;
  readonly found: readonly Diagnostic[];
}> {
  const { model, diagnostics } = loadConfiguration(input);
  const isWanted = input.always || diagnostics.alerts > 0;
  const check = isWanted && input.check !== null ? await input.check() : null;
  const found = [...diagnostics.list, ...checked(check, model, diagnostics)];
  return { model, found };
}

/** -dW and `zero-warning`: true when the start is refused; said once. */
export function refuseWarnings(console: Console, flags: Flags, model: Model): boolean {
  const refused = console.warnings > 0 && (flags.zeroWarning || model.global.zeroWarning);
  if (refused) console.alert("Some warnings were found and 'zero-warning' is set. Aborting.");
  return refused;
}

/** What only compiling finds. A model with mistakes may not compile at all: then those must do. */
function checked(check: Check | null, model: Model, before: Diagnostics): Diagnostic[] {
  if (check === null) return [];
  try {
    const known = new Set(before.list.map(identity));
    return check(model).diagnostics.list.filter((found) => !known.has(identity(found)));
  } catch (fault) {
    if (before.alerts > 0) return [];
    throw fault;
  }
}

/** Reading says of a missing file why, compiling that it misses it: once is enough. */
const identity = ({ file, line, message }: Diagnostic): string =>
  `${file}\n${line}\n${message.replace(/^(failed to open file '[^']*').*/, '$1')}`;

/** Prints each finding by its severity; hints (`diag`) only under -dD. */
export function printDiagnostics(
  list: readonly Diagnostic[],
  flags: Flags,
  console: Console,
): void {
  for (const found of list) {
    const text = diagnosticText(found);
    if (found.severity === 'alert') console.alert(text);
    else if (found.severity === 'warning') console.warning(text);
    else if (found.severity === 'notice') console.notice(text);
    else if (flags.diagnostics) console.diagnostic(text);
  }
}

/** Only what was given: an absent flag leaves the configuration's word. */
function overridesOf(flags: Flags): LoadOverrides {
  return {
    ...(flags.maxconn > 0 ? { maxconn: flags.maxconn } : {}),
    ...(flags.proxyMaxconn > 0 ? { proxyMaxconn: flags.proxyMaxconn } : {}),
    ...(flags.peerName === '' ? {} : { localpeer: flags.peerName }),
    ...(flags.pidfile === '' ? {} : { pidfile: flags.pidfile }),
    ...(flags.master ? { masterWorker: true } : {}),
    ...(flags.daemon ? { daemon: true } : {}),
    ...(flags.verifyServers ? {} : { verifyServers: false }),
    ...(flags.onlyIpv4 ? { onlyIpv4: true } : {}),
    ...(flags.getaddrinfo ? {} : { getaddrinfo: false }),
    ...(flags.resolutionMayFail ? { resolutionMayFail: true } : {}),
  };
}

/** A command of -dt, as a line of a `traces` section: these come later. */
function traceLine(words: readonly string[]): LineModel {
  const place = { file: '', line: 0, column: 0 };
  return { place, words, columns: [], text: '', from: '' };
}

/** The command line has the last word (management.txt chapter 3). */
function adjust(model: Model, flags: Flags): void {
  const { global } = model;
  if (flags.foreground || flags.debug) global.daemon = false;
  if (flags.zeroWarning) global.zeroWarning = true;
  model.traces = [...flags.traces.map(traceLine), ...model.traces];
  if (flags.insecureFork) global.insecureForkWanted = true;
  if (!flags.fastForward) global.tune.disableFastForward = true;
  if (!flags.zeroCopy) global.tune.disableZeroCopyForwarding = true;
  if (!flags.splice) global.tune.splice = false;
}

/** True when something listens, be it only for commands: without, there is nothing to start. */
export function hasListener({ global, proxies, logForwards }: Model): boolean {
  const listens = proxies.some((proxy) => !proxy.disabled && proxy.binds.length > 0);
  const receives = logForwards.some((one) => one.binds.length + one.datagramBinds.length > 0);
  return listens || receives || global.statsSockets.length > 0;
}
