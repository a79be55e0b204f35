// hawser without -W: one process that binds, attaches the segment and becomes the worker. Called by
// main.ts. Signals as management.txt chapter 4 says; SIGTERM and SIGINT are left to the kernel,
// which ends the process at once.

import type { Model } from '../shared/config/model.ts';
import type { RunningWorker, WorkerHost, WorkerStart, WorkerToMaster } from '../shared/messages.ts';
import { hasListener, printDiagnostics, refuseWarnings } from './configuration.ts';
import { openNowhere, reportReady, silence } from './daemon.ts';
import { Listeners } from './listeners.ts';
import { LoadHistory } from './load-history.ts';
import { SIGTERM, SIGTTIN, SIGUSR1, tellOldProcesses } from './old-process.ts';
import { writePid } from './pidfile.ts';
import { changeRoot, dropIdentity, lockRights, rootWarnings } from './privileges.ts';
import { importWorker, type Program } from './program.ts';
import { attach, bindAll, settleLimits, takeOldSockets, workerStart } from './start.ts';

interface WorkerModule {
  readonly startWorker: (start: WorkerStart, host: WorkerHost) => Promise<RunningWorker>;
}

/** Runs until the worker is done; the process's exit status. */
export async function runStandAlone(program: Program, model: Model): Promise<number> {
  const { console, sys, flags } = program;
  if (!settleLimits(program, model)) return 1;
  const listeners = new Listeners(sys, { reusePort: flags.reusePort });
  if (!takeOldSockets(program, listeners)) return 1;
  const bound = await bindAll(program, listeners, model);
  if (bound === null) return 1;
  if (!hasListener(model)) {
    console.alert(
      "[hawser.main()] No enabled listener found (check for 'bind' directives) ! Exiting.",
    );
    return 1;
  }
  listeners.commit(bound);
  listeners.dropOffers();
  const segment = attach(program, model);
  if (segment === null || !writePidfile(program, model)) {
    if (flags.oldPids.length > 0) tellOldProcesses(sys, flags.oldPids, SIGTTIN);
    return 1;
  }
  const loads = new LoadHistory().with('start');
  const start = workerStart(program, { model, bound, segment, generation: 1, reloads: 0, loads });
  const dumps = holdDumps();
  const nowhere = isSilent(program, model) ? openNowhere() : -1;
  const running = await startHere(program, model, start);
  if (running === null) return 1;
  listenToSignals(program, listeners, running);
  dumps.for(running);
  program.onReady();
  becomeQuiet(program, model, nowhere);
  console.endStartup();
  return await running.finished;
}

/** Only in the background: a process in the foreground is known to whoever started it. */
function writePidfile({ console }: Program, { global }: Model): boolean {
  if (!global.daemon || global.pidfile === '') return true;
  return writePid(global.pidfile, console);
}

async function startHere(
  program: Program,
  model: Model,
  start: WorkerStart,
): Promise<RunningWorker | null> {
  const { console, flags } = program;
  let dropped = false;
  let failed = false;
  const host: WorkerHost = {
    send: (message: WorkerToMaster) => {
      if (message.type !== 'failed' && message.type !== 'checked') return;
      printDiagnostics(message.diagnostics, flags, console);
      if (message.type === 'failed') console.alert('config : Fatal errors found in configuration.');
      failed = message.type === 'failed' || refuseWarnings(console, flags, model);
    },
    dropPrivileges: () => {
      if (failed) throw new Error('a warning is fatal here');
      dropped = true;
      giveUpRights(program, model);
    },
  };
  try {
    const worker = await importWorker<WorkerModule>(program, 'main');
    lockRights(program.sys, model.global);
    const running = await worker.startWorker(start, host);
    if (!dropped) host.dropPrivileges();
    return running;
  } catch (fault) {
    if (!failed)
      console.alert(fault instanceof Error ? (fault.stack ?? fault.message) : `${fault}`);
    return null;
  }
}

/**
 * In HAProxy's order: the new root, word to the old processes (they may be another user's),
 * identity.
 */
function giveUpRights({ sys, flags, console }: Program, { global }: Model): void {
  changeRoot(sys, global);
  const signal = flags.oldSignal === 'SIGTERM' ? SIGTERM : SIGUSR1;
  tellOldProcesses(sys, flags.oldPids, signal);
  for (const warning of rootWarnings(global)) console.warning(`[hawser.main()] ${warning}`);
  dropIdentity(sys, global);
}

/**
 * SIGHUP and SIGQUIT ask for a dump. Threads serve before the start is over, and whoever has been
 * served may ask: the kernel would end the process, so what comes early waits.
 */
function holdDumps(): { for(running: RunningWorker): void } {
  let running: RunningWorker | null = null;
  const early: ('servers' | 'pools')[] = [];
  const dump = (what: 'servers' | 'pools'): void => {
    if (running === null) early.push(what);
    else running.handle({ type: 'dump', what });
  };
  process.on('SIGHUP', () => dump('servers'));
  process.on('SIGQUIT', () => dump('pools'));
  return {
    for: (started) => {
      running = started;
      for (const what of early) dump(what);
    },
  };
}

function listenToSignals(program: Program, listeners: Listeners, running: RunningWorker): void {
  program.softStop.means(() => {
    running.handle({ type: 'soft-stop' });
    listeners.closeAll();
  });
  process.on('SIGUSR2', ignore);
  process.on('SIGPIPE', ignore);
  process.on('SIGTTOU', () => {
    running.handle({ type: 'pause' });
    listeners.pause();
  });
  process.on('SIGTTIN', () => {
    listeners.resume();
    running.handle({ type: 'resume' });
  });
}

const ignore = (): void => undefined;

const isSilent = ({ flags }: Program, { global }: Model): boolean =>
  global.daemon || ((flags.quiet || global.quiet) && !flags.verbose);

/** In the background nothing is written to the terminal any more, and the starter may leave. */
function becomeQuiet({ sys, console }: Program, { global }: Model, nowhere: number): void {
  if (nowhere >= 0) silence(sys, nowhere);
  if (global.daemon) {
    console.quiet = true;
    console.verbose = false;
    reportReady(sys);
  }
}
