// The master: keeps listeners, segment and one live generation of workers; starts, reloads,
// replaces and stops them. Called by main.ts under -W; the master CLI asks it. A reload that fails
// at any step leaves everything as it was. Never reads a byte of traffic.

import { constants } from 'node:os';
import type { Diagnostic } from '../shared/config/diagnostic.ts';
import type { Model } from '../shared/config/model.ts';
import type { Segment } from '../shared/segment/segment.ts';
import { load, printDiagnostics, refuseWarnings } from './configuration.ts';
import { openNowhere, reportReady, silence } from './daemon.ts';
import { Generation } from './generation.ts';
import { Listeners } from './listeners.ts';
import { LoadHistory } from './load-history.ts';
import { MasterSockets } from './master-socket.ts';
import { SIGTERM, SIGUSR1, tellOldProcesses } from './old-process.ts';
import { rootWarnings } from './privileges.ts';
import type { Program } from './program.ts';
import { Respawn } from './respawn.ts';
import { ServiceNotice } from './service-notice.ts';
import { writePid } from './pidfile.ts';
import { attach, bindAll, type Prepared, settleLimits, takeOldSockets } from './start.ts';

/**
 * Runs until all workers are gone; the process's exit status (HAProxy's: 0, or 130 after SIGINT).
 */
export async function runSupervisor(program: Program, model: Model): Promise<number> {
  const supervisor = new Supervisor(program);
  return await supervisor.run(model);
}

type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGUSR1';

interface Launch {
  readonly generation: Generation;
  /** null: it serves; else the status it left with. */
  readonly settle: (status: number | null) => void;
}

/** The state of a master: what runs, what is being started, what it will exit with. */
export class Supervisor {
  readonly program: Program;
  readonly startMs = Date.now();
  /** Workers that live, oldest first. */
  readonly generations: Generation[] = [];
  current: Generation | null = null;
  reloads = 0;
  /** Reloads that failed since the last one that did not. */
  failedReloads = 0;
  private readonly listeners: Listeners;
  private readonly sockets: MasterSockets;
  private readonly notice: ServiceNotice;
  private readonly respawn: Respawn;
  private readonly history = new LoadHistory();
  /** What the current worker was started with. */
  private prepared: Prepared | null = null;
  private launching: Launch | null = null;
  private reloading = false;
  private reloadWanted = false;
  private stopping: StopSignal | null = null;
  private exitStatus = -1;
  private generationCount = 0;
  private finish: (status: number) => void = () => undefined;

  constructor(program: Program) {
    const { sys, flags, environment } = program;
    this.program = program;
    this.listeners = new Listeners(sys, { reusePort: flags.reusePort });
    this.sockets = new MasterSockets(program, this);
    this.notice = new ServiceNotice(sys, flags.notify ? (environment['NOTIFY_SOCKET'] ?? '') : '');
    this.respawn = new Respawn((delayMs) => this.replace(delayMs));
  }

  get isReloading(): boolean {
    return this.reloading;
  }

  async run(model: Model): Promise<number> {
    const finished = new Promise<number>((settle) => {
      this.finish = settle;
    });
    this.listenToSignals();
    if (!(await this.sockets.open())) return 1;
    const status = await this.begin(model);
    if (status !== null) return this.stopping === null ? status : await finished;
    return await finished;
  }

  /** The first start; null when it serves. */
  private async begin(model: Model): Promise<number | null> {
    const { program } = this;
    if (!takeOldSockets(program, this.listeners)) return 1;
    const prepared = await this.prepare(model);
    if (prepared === null) return 1;
    for (const warning of rootWarnings(model.global)) {
      program.console.warning(`[hawser.main()] ${warning}`);
    }
    const status = await this.launch(prepared);
    if (status !== null) {
      this.listeners.discard(prepared.bound);
      return status === 0 ? 1 : status;
    }
    this.accept(prepared);
    this.listeners.dropOffers();
    return this.announce(model) ? null : 1;
  }

  /** Everything that the world waits for once the first worker serves. */
  private announce({ global }: Model): boolean {
    const { program, notice } = this;
    const { console, flags, sys } = program;
    if (global.pidfile !== '' && !writePid(global.pidfile, console)) {
      this.stop('SIGTERM');
      return false;
    }
    tellOldProcesses(sys, flags.oldPids, flags.oldSignal === 'SIGTERM' ? SIGTERM : SIGUSR1);
    console.notice('Loading success.');
    console.endStartup();
    notice.ready();
    program.onReady();
    if (global.daemon || (flags.quiet && !flags.verbose)) silence(sys, openNowhere());
    if (global.daemon) {
      console.quiet = true;
      console.verbose = false;
      reportReady(sys);
    }
    return true;
  }

  /** Limits, sockets, segment: null when one of them cannot be had. */
  private async prepare(model: Model): Promise<Prepared | null> {
    const { program } = this;
    if (!settleLimits(program, model)) return null;
    const bound = await bindAll(program, this.listeners, model);
    if (bound === null) return null;
    const segment = this.sameSegment(model) ?? attach(program, model);
    if (segment === null) {
      this.listeners.discard(bound);
      return null;
    }
    this.generationCount++;
    const { reloads, generationCount: generation } = this;
    const loads = this.history.with(generation === 1 ? 'start' : 'reload');
    return { model, bound, segment, generation, reloads, loads };
  }

  /** The segment in use, when the configuration still names it. */
  private sameSegment({ global }: Model): Segment | null {
    const { prepared } = this;
    const isSame = prepared?.model.global.shmStatsFile === global.shmStatsFile;
    return prepared !== null && isSame ? prepared.segment : null;
  }

  /** Starts a worker and waits until it serves (null) or is gone (its status). */
  private launch(prepared: Prepared): Promise<number | null> {
    return new Promise((settle) => {
      const generation = new Generation(this.program, prepared, {
        diagnostics: (list, fatal) => this.hear(generation, list, fatal),
        ready: () => this.settleLaunch(generation, null),
        gone: (_, status) => this.bury(generation, status),
      });
      this.program.console.notice(`Initializing new worker (${generation.pid})`);
      this.generations.push(generation);
      this.launching = { generation, settle };
    });
  }

  private settleLaunch(generation: Generation, status: number | null): void {
    if (this.launching?.generation !== generation) return;
    const { settle } = this.launching;
    this.launching = null;
    settle(status);
  }

  private hear(generation: Generation, list: readonly Diagnostic[], fatal: boolean): void {
    const { console, flags } = this.program;
    printDiagnostics(list, flags, console);
    if (fatal) console.alert('config : Fatal errors found in configuration.');
    if (fatal || !refuseWarnings(console, flags, generation.prepared.model)) return;
    generation.leaving = true;
    generation.kill('SIGTERM');
    this.settleLaunch(generation, 1);
  }

  /** The prepared worker serves: it is the current one from now on. */
  private accept(prepared: Prepared): void {
    this.listeners.commit(prepared.bound);
    const former = this.prepared?.segment;
    if (former !== undefined && former !== prepared.segment) this.program.sys.close(former.fd);
    this.prepared = prepared;
    this.history.keep(prepared.loads);
    this.current = this.generations.find((known) => known.prepared === prepared) ?? null;
    this.respawn.reset();
  }

  // ---- reload ----

  /** SIGUSR2, SIGHUP, `reload`: true when the new configuration serves. */
  async reload(hard: boolean): Promise<boolean> {
    const { program, notice } = this;
    const { console } = program;
    if (this.stopping !== null) return false;
    this.reloading = true;
    console.beginStartup();
    console.notice(`Reloading HAProxy${hard ? ' (hard-reload)' : ''}`);
    notice.reloading();
    const done = await this.tryReload(hard);
    if (done) {
      this.failedReloads = 0;
      console.notice('Loading success.');
      notice.ready();
    } else {
      this.failedReloads++;
      console.warning('Loading failure! The running configuration stays.');
      notice.reloadFailed();
      this.current?.note(this.history.add('failed', console.firstAlert));
      if (this.current === null) this.respawn.soon();
    }
    console.endStartup();
    this.reloading = false;
    if (this.reloadWanted) {
      this.reloadWanted = false;
      void this.reload(false);
    }
    return done;
  }

  private async tryReload(hard: boolean): Promise<boolean> {
    const { program } = this;
    this.reloads++;
    for (const generation of this.generations) generation.reloads++;
    const { model } = await load({ ...program, check: null, always: false });
    if (model === null) return false;
    const prepared = await this.prepare(model);
    if (prepared === null) return false;
    const former = this.generations.filter((generation) => generation.ready);
    const status = await this.launch(prepared);
    if (status !== null) {
      this.listeners.discard(prepared.bound);
      return false;
    }
    this.accept(prepared);
    for (const generation of former) this.retire(generation, hard, model);
    return true;
  }

  private retire(generation: Generation, hard: boolean, { global }: Model): void {
    const tooOld = global.mworkerMaxReloads >= 0 && generation.reloads > global.mworkerMaxReloads;
    if (!generation.leaving) generation.softStop();
    if (hard || tooOld) generation.kill('SIGTERM');
  }

  // ---- death ----

  private bury(generation: Generation, status: number): void {
    const { console } = this.program;
    this.generations.splice(this.generations.indexOf(generation), 1);
    const how = `exited with code ${status} (${statusName(status)})`;
    if (this.launching?.generation === generation) {
      console.warning(`Failed to load worker (${generation.pid}) ${how}`);
      this.settleLaunch(generation, status);
    } else if (generation !== this.current) {
      console.warning(`Former worker (${generation.pid}) ${how}`);
    } else {
      this.current = null;
      if (this.stopping === null) this.history.add('crash', how);
      // `hawser start` tells what goes wrong; that it ends when it is asked to does not.
      const isAsked = this.stopping !== null && console.isRedirected;
      if (status < 128 || isAsked) console.warning(`Current worker (${generation.pid}) ${how}`);
      else console.alert(`Current worker (${generation.pid}) ${how}`);
      if (this.exitStatus < 0 && status !== 0 && status !== 143) this.exitStatus = status;
      if (this.stopping === null && this.launching === null) {
        this.respawn.after(Date.now() - generation.startMs);
      }
    }
    if (this.stopping !== null && this.generations.length === 0) this.end();
  }

  /** Starts the same configuration again after an unexpected death. */
  private replace(delayMs: number): void {
    const prepared = this.prepared;
    if (this.stopping !== null || this.reloading || prepared === null) return;
    this.program.console.warning(
      delayMs > 0 ? `Starting a new worker after ${delayMs} ms` : 'Starting a new worker at once',
    );
    this.generationCount++;
    const loads = this.history.with('restart');
    const again = { ...prepared, generation: this.generationCount, loads };
    void this.launch(again).then((status) => {
      if (status === null) {
        this.exitStatus = -1;
        this.history.keep(loads);
        this.current = this.generations.find((known) => known.prepared === again) ?? null;
      } else if (this.stopping === null) this.respawn.after(0);
    });
  }

  // ---- signals and the end ----

  private listenToSignals(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => this.stop(signal));
    }
    this.program.softStop.means(() => this.stop('SIGUSR1'));
    for (const signal of ['SIGUSR2', 'SIGHUP'] as const) {
      process.on(signal, () => this.reloadBySignal());
    }
    process.on('SIGTTOU', () => {
      for (const generation of this.generations) generation.kill('SIGTTOU');
      this.listeners.pause();
    });
    process.on('SIGTTIN', () => {
      this.listeners.resume();
      for (const generation of this.generations) generation.kill('SIGTTIN');
    });
    for (const signal of ['SIGQUIT', 'SIGPIPE'] as const) process.on(signal, () => undefined);
  }

  /**
   * One that comes while another is under way is done after it: the files may have changed again.
   */
  private reloadBySignal(): void {
    if (this.reloading) this.reloadWanted = true;
    else void this.reload(false);
  }

  /** Passes the signal on; the process ends with its last worker. */
  private stop(signal: StopSignal): void {
    this.stopping = signal;
    this.respawn.cancel();
    this.notice.stopping();
    this.program.console.warning('Exiting Master process...');
    if (signal === 'SIGUSR1') this.listeners.closeAll();
    for (const generation of this.generations) {
      if (signal === 'SIGUSR1') generation.softStop();
      else generation.kill(signal);
    }
    if (this.generations.length === 0) this.end();
  }

  private end(): void {
    const status = Math.max(0, this.exitStatus);
    this.program.console.warning(`All workers exited. Exiting... (${status})`);
    this.finish(status);
  }
}

function statusName(status: number): string {
  const found = Object.entries(constants.signals).find(([, number]) => number === status - 128);
  return found?.[0] ?? 'Exit';
}
