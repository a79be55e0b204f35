// Everything the master, the control thread and the proxy threads say to each other, as plain data.
// Values only; the bytes travel by process IPC (master and worker) or MessagePort (worker and
// threads).

import type { TlsFileChanges } from './config/model-certificates.ts';
import type { Diagnostic } from './config/diagnostic.ts';
import type { Model, ProxyModel, ServerModel } from './config/model.ts';
import type {
  DashboardNews,
  DashboardStart,
  DashboardWatch,
  LoadNote,
} from './dashboard-messages.ts';

/**
 * A listening socket as the master bound it. Order = Model.proxies order, binds, addresses, shards.
 */
export interface ListenerObject {
  /** Index in the worker's list of listeners. */
  readonly index: number;
  readonly proxyIndex: number;
  readonly bindIndex: number;
  readonly addressIndex: number;
  readonly shard: number;
  /** The descriptor in the worker process. */
  readonly fd: number;
  /**
   * 'ipv4' | 'ipv6' | 'unix' | 'abns' and where it listens, for `show cli sockets`, logs and -x.
   */
  readonly family: string;
  readonly host: string;
  readonly port: number;
}

/** A `stats socket` (runtime API) as the master bound it. */
export interface CliListener {
  readonly bindIndex: number;
  readonly fd: number;
  readonly host: string;
  readonly port: number;
}

/** A socket of a section that is no proxy, as the master bound it. */
export interface SectionListener {
  readonly section: 'peers' | 'log-forward';
  /** Index of the section in its list of the Model. */
  readonly index: number;
  /** Index of its `bind` line, or of its `dgram-bind` line. */
  readonly bindIndex: number;
  readonly isDatagram: boolean;
  readonly fd: number;
  readonly family: string;
  readonly host: string;
  readonly port: number;
}

export interface SegmentHandle {
  /** Descriptor of the file or memfd in the receiving process. */
  readonly fd: number;
  readonly lengthBytes: number;
}

/** What a worker process needs to run; first message of the master to a worker. */
export interface WorkerStart {
  readonly type: 'start';
  readonly model: Model;
  readonly listeners: readonly ListenerObject[];
  readonly cliListeners: readonly CliListener[];
  readonly sectionListeners: readonly SectionListener[];
  /** Processes that this one takes over from (-sf, -st): one of them may teach its tables. */
  readonly oldProcesses: number;
  readonly segment: SegmentHandle;
  /** Generation, 1 for the first; and how many reloads the master has done. */
  readonly generation: number;
  readonly reloads: number;
  /** Start-up messages for `show startup-logs`. */
  readonly startupLogs: string;
  /** Microseconds of wall clock when the master started, for uptimes. */
  readonly masterStartUs: number;
  /** Oldest first, the start of this worker last. */
  readonly loads: readonly LoadNote[];
  /** 80 secret bytes in hexadecimal, the same for every worker of a master: keys of TLS tickets. */
  readonly ticketKeys: string;
}

export type MasterToWorker =
  | WorkerStart
  /** SIGUSR1 semantics: stop listening, finish, leave. */
  | { readonly type: 'soft-stop' }
  | { readonly type: 'hard-stop' }
  /** A reload failed, so this worker goes on. */
  | { readonly type: 'load-note'; readonly note: LoadNote }
  /** SIGTTOU and SIGTTIN: leave the listening sockets alone for a while, then watch them again. */
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /**
   * SIGHUP and SIGQUIT of a process without master: write server states, or memory pools, to the
   * logs.
   */
  | { readonly type: 'dump'; readonly what: 'servers' | 'pools' }
  /** A master CLI session's command for this worker; the answer comes back by id. */
  | {
      readonly type: 'cli';
      readonly id: number;
      readonly level: 'user' | 'operator' | 'admin';
      readonly line: string;
      readonly payload: string;
    }
  /** The session wants no more of this answer. */
  | { readonly type: 'cli-stop'; readonly id: number };

export type WorkerToMaster =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly diagnostics: readonly Diagnostic[] }
  /** Warnings and notices found while compiling; the worker goes on. */
  | { readonly type: 'checked'; readonly diagnostics: readonly Diagnostic[] }
  /** What there is of an answer that comes with time; `cli-answer` is its end. */
  | { readonly type: 'cli-part'; readonly id: number; readonly text: string }
  | { readonly type: 'cli-answer'; readonly id: number; readonly text: string }
  | { readonly type: 'draining'; readonly streams: number };

/** Objects of the segment (counter rows, shared words) that one proxy's parts count in. */
export interface ProxyObjects {
  /** -1: it has no such side, or is gone. */
  readonly front: number;
  back: number;
  /** In the model's order; grows with servers added at run time. */
  readonly servers: number[];
}

/** All objects by what they stand for (worker/server/object-index.ts makes it). */
export interface ObjectNumbers {
  readonly process: number;
  /** By proxy index. */
  readonly proxies: ProxyObjects[];
  /** By listener index, -1: neither option socket-stats nor a maxconn of its own. */
  readonly listeners: readonly number[];
}

/** What a proxy thread is started with (one Piscina task per thread). */
export interface ThreadStart {
  readonly threadIndex: number;
  readonly threadCount: number;
  readonly model: Model;
  readonly listeners: readonly ListenerObject[];
  readonly sectionListeners: readonly SectionListener[];
  /** View of the mapped segment: the SharedArrayBuffer and where its first page lies. */
  readonly segment: Uint8Array;
  readonly segmentFd: number;
  /** Large files of lists and maps by path (worker/match/shared-list.ts): not in the model. */
  readonly lists: Readonly<Record<string, SharedArrayBuffer>>;
  readonly processSlot: number;
  /** SharedClock.offsetNs of the control thread: all threads read the same clock. */
  readonly clockOffsetNs: number;
  readonly objects: ObjectNumbers;
  /** Objects of stick tables by number of the table, -1: there is none. */
  readonly tables: readonly number[];
  /** worker/server/farm.ts and shared/segment/ring.ts. */
  readonly farm: SharedArrayBuffer;
  /** shared/segment/gauges.ts. */
  readonly gauges: SharedArrayBuffer;
  readonly rings: SharedArrayBuffer;
  /** worker/shared-facts.ts. */
  readonly facts: SharedArrayBuffer;
  /** shared/segment/name-counters.ts. */
  readonly nameCounters: SharedArrayBuffer;
  /** worker/mux/idle-share.ts. */
  readonly idle: SharedArrayBuffer;
  /** eventfds that wake each thread, by index, and the control thread's last. */
  readonly wakeFds: readonly number[];
  readonly generation: number;
  /** As in WorkerStart. */
  readonly ticketKeys: string;
  /** null: no proxy has a live dashboard. */
  readonly dashboard: DashboardStart | null;
  /** Memory of the event rings, in the order of the model (shared/segment/event-ring.ts). */
  readonly eventRings: readonly Uint8Array[];
  /** What is traced (shared/trace/settings.ts). */
  readonly traces: Int32Array;
}

/** One edit of a pattern list (an ACL or a map), the list named by its number in `show acl`. */
export interface PatternEdit {
  readonly reference: number;
  /**
   * put: gives every entry with this text the value, or adds one. add: one more entry. value: as
   * put, of existing entries. delete, clear (one version), commit (a version).
   */
  readonly operation: 'put' | 'add' | 'value' | 'delete' | 'clear' | 'commit';
  readonly text: string;
  /** null: the list has no values. */
  readonly value: string | null;
  /**
   * value, delete: the one entry meant, 0: those with this text. add: the number that the control
   * thread has given the entry, 0 on the way there.
   */
  readonly entry: number;
  /** put: all entries that have this text now, once the control thread has applied it. */
  readonly entries: readonly number[];
  /** Of add, clear and commit. */
  readonly version: number;
}

/** A process variable as it is now: a sample's kind (0: unset) and value. */
export interface VariableEdit {
  readonly index: number;
  readonly kind: number;
  readonly int: number | bigint;
  readonly text: string;
}

export interface LiveEdits {
  readonly patterns: readonly PatternEdit[];
  readonly variables: readonly VariableEdit[];
}

/** What `set rate-limit` may limit: events a second of the whole process. */
export type RateLimit = 'connections' | 'sessions' | 'tlsSessions';

/** A server joins a backend at a place that is free, in maintenance. */
export interface ServerAdded {
  readonly type: 'server-added';
  readonly proxyIndex: number;
  readonly serverIndex: number;
  readonly server: ServerModel;
  /** Its object in the segment. */
  readonly object: number;
  /** Its place in the idle share, -1: all are taken. */
  readonly shareNumber: number;
  /** More memory to balance in (worker/server/farm.ts) for `room` servers; null: there is room. */
  readonly farm: { readonly buffer: SharedArrayBuffer; readonly room: number } | null;
}

/** A backend without servers, which no rule leads to yet. */
export interface BackendAdded {
  readonly type: 'backend-added';
  readonly proxyIndex: number;
  readonly proxy: ProxyModel;
  /** Its object in the segment. */
  readonly object: number;
  /** Memory to balance in, for `room` servers. */
  readonly farm: { readonly buffer: SharedArrayBuffer; readonly room: number };
}

/** A name that a rule looks up. */
export interface NameQuestion {
  readonly section: string;
  readonly prefer: 'ipv4' | 'ipv6';
  readonly name: string;
}

interface ServerPlace {
  readonly proxyIndex: number;
  readonly serverIndex: number;
}

export type ControlToThread =
  /** Everybody is ready and privileges are dropped: accept. */
  | { readonly type: 'go' }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** `closeSpreadMs`: below zero: at once, Infinity: connections are never closed unasked. */
  | { readonly type: 'soft-stop'; readonly closeSpreadMs: number }
  /** No thread accepts any more, so nothing new comes through the rings: say when all is done. */
  | { readonly type: 'drain' }
  | { readonly type: 'hard-stop' }
  /** Pause or resume a frontend's listeners. */
  | {
      readonly type: 'frontend';
      readonly proxyIndex: number;
      readonly enabled: boolean;
      /** It is closed for good. */
      readonly isFinal: boolean;
    }
  /** A frontend's maxconn, or with proxyIndex -1 the process's, is another one now; 0: no limit. */
  | { readonly type: 'limit'; readonly proxyIndex: number; readonly maxconn: number }
  | { readonly type: 'rate-limit'; readonly limit: RateLimit; readonly value: number }
  /**
   * Server states changed in the segment: rebuild what was derived from them. `serverIndex`: of the
   * one that changed, absent: more than one, or nobody knows.
   */
  | {
      readonly type: 'servers-changed';
      readonly proxyIndex: number;
      readonly serverIndex?: number;
    }
  /** Rules of other proxies may, or may not, lead to this backend. */
  | {
      readonly type: 'backend-published';
      readonly proxyIndex: number;
      readonly isPublished: boolean;
    }
  | BackendAdded
  | { readonly type: 'backend-removed'; readonly proxyIndex: number }
  | ServerAdded
  /** Fields of a server's model are others now (address, name, TLS). */
  | (ServerPlace & { readonly type: 'server-renewed'; readonly fields: Partial<ServerModel> })
  /** A server is about to be deleted: choose it no more, close what is idle; false: it stays. */
  | (ServerPlace & { readonly type: 'server-leaving'; readonly isLeaving: boolean })
  | (ServerPlace & { readonly type: 'server-removed' })
  /**
   * Edits of ACLs, maps and variables, numbered by the control thread: every thread applies them in
   * the order of arrival. `origin`: index of the thread whose rules made them, -1: the runtime API.
   */
  | (LiveEdits & { readonly type: 'edit'; readonly origin: number })
  /** Certificates, lists of them, authorities and revocations as they are from now on. */
  | { readonly type: 'tls-files'; readonly changes: TlsFileChanges }
  /** Addresses of a name that a thread has asked for, none: it has none; they count until then. */
  | (NameQuestion & {
      readonly type: 'resolved';
      readonly addresses: readonly string[];
      /** Of the shared clock. */
      readonly untilMs: number;
    })
  /** What became of a change that a statistics page of this thread has asked for. */
  | {
      readonly type: 'stats-changed';
      readonly threadIndex: number;
      readonly id: number;
      readonly outcome: string;
    }
  | DashboardNews
  /** A question of worker/thread-inspection.ts: answered by 'snapshot'. */
  | {
      readonly type: 'inspect';
      readonly id: number;
      readonly what: string;
      readonly argument: readonly number[];
    };

/** Entries of the lists of acls and maps as the configuration gave them. */
export interface PatternCounts {
  readonly added: number;
  readonly freed: number;
}

export type ThreadToControl =
  /** Compiled; the warnings are the same on every thread. `threadId`: the kernel's, 0: unknown. */
  | {
      readonly type: 'ready';
      readonly diagnostics: readonly Diagnostic[];
      readonly threadId: number;
      readonly patterns: PatternCounts;
    }
  | { readonly type: 'failed'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: 'log'; readonly level: 'warning' | 'error' | 'notice'; readonly text: string }
  | { readonly type: 'snapshot'; readonly id: number; readonly data: unknown }
  /** What rules of this thread have edited; it comes back as an 'edit' of this origin. */
  | (LiveEdits & { readonly type: 'edit'; readonly threadIndex: number })
  /** Traffic has shown as many errors of a server as it may. */
  | {
      readonly type: 'observed';
      readonly proxyIndex: number;
      readonly serverIndex: number;
      readonly text: string;
    }
  /** A rule looks a name up; answered by 'resolved' for all threads. */
  | (NameQuestion & { readonly type: 'resolve' })
  /** The form of a statistics page; answered by 'stats-changed' with the same `id`. */
  | {
      readonly type: 'stats-change';
      readonly threadIndex: number;
      readonly id: number;
      readonly proxyIndex: number;
      readonly action: string;
      readonly servers: readonly number[];
      /** Names that were asked for and do not exist. */
      readonly unknown: number;
    }
  | DashboardWatch
  /** A soft stop has begun here: no listening socket is watched any more. */
  | { readonly type: 'deaf' }
  | { readonly type: 'drained' }
  | { readonly type: 'stopped' };

/**
 * Who runs a worker: the process without master (master/stand-alone.ts) or the child process of a
 * master (master/worker-process.ts). `worker/main.ts` exports
 * `startWorker(start: WorkerStart, host: WorkerHost): Promise<RunningWorker>`.
 */
export interface WorkerHost {
  send(message: WorkerToMaster): void;
  /**
   * chroot, user and group: to be called once when all code is loaded and all files are open,
   * before the first connection is accepted. Throws when it fails: the worker must not run then.
   */
  dropPrivileges(): void;
}

/**
 * `startWorker` resolves when every thread serves (the host then reports 'ready'); it rejects, or
 * sends 'failed' with diagnostics and rejects, when the worker cannot run.
 */
export interface RunningWorker {
  handle(message: MasterToWorker): void;
  /** The exit status, when the last stream is done after a soft stop or after a hard stop. */
  readonly finished: Promise<number>;
}
