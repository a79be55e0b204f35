// Entry of a worker process: receives what the master prepared, runs worker/main in this process,
// and leaves when it is done or when the master is gone. Started by generation.ts with inherited
// descriptors; the first IPC message is WorkerStart. Never binds and never reads the configuration.

import type { Diagnostic } from '../shared/config/diagnostic.ts';
import type { Model } from '../shared/config/model.ts';
import type {
  MasterToWorker,
  RunningWorker,
  WorkerHost,
  WorkerStart,
  WorkerToMaster,
} from '../shared/messages.ts';
import { setEngineFlags } from '../shared/engine-flags.ts';
import { linuxSys } from '../shared/sys/linux.ts';
import { changeRoot, dropIdentity, lockRights } from './privileges.ts';
import { nameProcess } from './process-name.ts';
import { importWorker, prepareThreads } from './program.ts';

interface WorkerModule {
  readonly startWorker: (start: WorkerStart, host: WorkerHost) => Promise<RunningWorker>;
}

setEngineFlags();
nameProcess();
const program = { workerUrl: new URL(process.argv[2]) };
void prepareThreads(program);
const waiting: MasterToWorker[] = [];
let running: RunningWorker | null = null;

// The master is gone: nobody would ever stop or replace this process.
process.on('disconnect', () => process.exit(1));
process.on('SIGUSR1', () => tell({ type: 'soft-stop' }));
process.on('SIGTTOU', () => tell({ type: 'pause' }));
process.on('SIGTTIN', () => tell({ type: 'resume' }));
process.on('SIGQUIT', () => tell({ type: 'dump', what: 'pools' }));
process.on('SIGHUP', () => tell({ type: 'dump', what: 'servers' }));
process.on('SIGUSR2', () => undefined);
process.on('SIGPIPE', () => undefined);
process.on('message', (message: MasterToWorker) => {
  if (message.type === 'start') void begin(message);
  else tell(message);
});

/** Commands that come before the worker runs wait for it. */
function tell(message: MasterToWorker): void {
  if (running === null) waiting.push(message);
  else running.handle(message);
}

async function begin(start: WorkerStart): Promise<void> {
  try {
    const { startWorker } = await importWorker<WorkerModule>(program, 'main');
    lockRights(linuxSys(), start.model.global);
    running = await startWorker(start, host(start.model));
  } catch (fault) {
    if (reported) return leave(1);
    process.stderr.write(`${fault instanceof Error ? fault.stack : fault}\n`);
    return leave(1);
  }
  dropOnce(start.model);
  send({ type: 'ready' });
  for (const message of waiting.splice(0)) running.handle(message);
  leave(await running.finished);
}

let dropped = false;

function dropOnce(model: Model): void {
  if (dropped) return;
  dropped = true;
  const sys = linuxSys();
  changeRoot(sys, model.global);
  dropIdentity(sys, model.global);
}

/** The master has been told why this process will not serve. */
let reported = false;

function host(model: Model): WorkerHost {
  return {
    send: (message) => {
      // Ready is what this file says, once the rights are gone, too.
      if (message.type === 'ready') return;
      if (message.type === 'failed') reported = true;
      if (message.type === 'checked') {
        reported ||= model.global.zeroWarning && hasWarning(message.diagnostics);
        if (message.diagnostics.length === 0) return;
      }
      send(message);
    },
    dropPrivileges: () => {
      if (reported) throw new Error('a warning is fatal here');
      dropOnce(model);
    },
  };
}

const hasWarning = (list: readonly Diagnostic[]): boolean =>
  list.some(({ severity }) => severity === 'warning');

function send(message: WorkerToMaster): void {
  if (process.connected) process.send?.(message);
}

/** Leaves once what was said has been written. */
function leave(status: number): void {
  process.exitCode = status;
  process.removeAllListeners('disconnect');
  process.on('disconnect', () => process.exit(status));
  if (process.connected) process.disconnect();
  else process.exit(status);
}
