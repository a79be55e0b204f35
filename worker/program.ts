// The compiled plan of one thread: frozen arrays, indexes and closures made from the Model. Written
// by worker/compile, read by worker/stream. Nothing in it is looked up by name while serving.

import type { ListenerObject } from '../shared/messages.ts';
import type { BindModel, Model, ProxyModel, ServerModel } from '../shared/config/model.ts';
import type { TlsContext } from '../shared/sys/tls.ts';
import type { CheckPlans } from './check/plans.ts';
import type { TlsClientPlan } from './conn/tls-contexts.ts';
import type { HeaderName } from './http/message.ts';
import type { NameCase } from './http/name-case.ts';
import type { Act, Condition, Evaluate, FormatText } from './keyword.ts';
import type { ForwardPlan } from './log/forward.ts';
import type { LogPlan } from './log/plan.ts';
import type { LogSink } from './log/sink.ts';
import type { Regex } from './match/regex-guard.ts';
import type { Backend } from './server/backend.ts';
import type { LineChoice } from './server/line-choice.ts';
import type { Piece } from './stream/applet.ts';
import type { Stream } from './stream/stream.ts';

export interface Program {
  readonly model: Model;
  /** Payload may move by splice at all (nosplice, -dS, -dF, -dZ and their words). */
  readonly splices: boolean;
  /** Same order and index as model.proxies. */
  readonly proxies: ProxyPlan[];
  /** What the control thread asks servers to know how they are. */
  readonly checks: CheckPlans;
  readonly listeners: readonly ListenerPlan[];
  /** Index by variable: scope letter and name; see sample/variables.ts. */
  readonly variableNames: readonly string[];
  /** Built-in replies by status (the errors HAProxy can send itself: manual 4, errorfile). */
  readonly defaultReplies: ReadonlyMap<number, ReplyPlan>;
  /** Runs once per thread at start: global set-var. */
  readonly startActs: readonly Act[];
  /** Every log destination of this thread, each once: see log/sink.ts. */
  readonly senders: readonly LogSink[];
  /** Log backends that some of them choose servers of. */
  readonly lineChoices: readonly LineChoice[];
  /** Same order and index as model.logForwards. */
  readonly logForwards: readonly ForwardPlan[];
  /** What log servers of rings are asked for (SNI), by server line. */
  readonly ringNames: ReadonlyMap<ServerModel, Evaluate>;
  /**
   * Something shows the address that servers are connected from: it is then asked for at connect.
   */
  readonly readsBackSource: boolean;
  /** Something asks what a stream costs (cpu_ns_tot, lat_ns_avg, ...): its calls are timed. */
  readonly readsStreamCost: boolean;
}

/** One listening descriptor of one bind line. */
export interface ListenerPlan {
  readonly index: number;
  readonly proxy: ProxyPlan;
  readonly bind: BindModel;
  readonly object: ListenerObject;
  /** The TLS server context on this thread, null for clear text. */
  readonly tls: TlsContext | null;
}

/** One `set-proxy-v2-tlv-fmt`. */
export interface ProxyTlvPlan {
  readonly type: number;
  readonly value: FormatText | null;
}

export interface RulePlan {
  readonly condition: Condition | null;
  readonly act: Act;
  /** file:line, for logs (last_rule_line) and traces. */
  readonly file: string;
  readonly line: number;
}

/** A rule set of one proxy: its named defaults' rules first, then its own. Empty: length 0. */
export type RuleList = readonly RulePlan[];

/** `use_backend`: the first rule whose condition holds gives the backend. */
export interface SwitchPlan {
  readonly condition: Condition | null;
  /** Index into Program.proxies, or -1 when `name` must be evaluated. */
  readonly proxyIndex: number;
  readonly name: FormatText | null;
}

/** An answer made here: error files, deny, return, redirect, monitor. */
export interface ReplyPlan {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly { readonly name: HeaderName; readonly value: FormatText }[];
  /** null: no body. Content-Length is written by the mux from the body's length. */
  readonly body: FormatText | null;
  /** Value of Content-Type, '' for none. */
  readonly contentType: string;
  /** True: close the connection without writing anything (errorfile /dev/null). */
  readonly silent: boolean;
  /**
   * True: the connection is closed after this answer (an error file that says `Connection: close`).
   */
  readonly closes: boolean;
  /**
   * True: only `status` counts; whoever answers looks up the proxy's own reply
   * (stream/error-reply.ts).
   */
  readonly fromProxy: boolean;
  /**
   * Produces a body of unknown length, piece by piece, null for none at the moment; takes the
   * place of `body`.
   */
  readonly pieces?: (stream: Stream) => Iterator<Piece>;
  /** What logs show in the server's place: `<STATS>`. */
  readonly service?: string;
}

/** The statistics page of one proxy (manual 4, stats). */
export interface StatsPagePlan {
  /** What request targets start with. */
  readonly uri: string;
  /** Where the live dashboard is, '' for none. */
  readonly dashboardUri: string;
  /** 0: the page is not loaded again. */
  readonly refreshSeconds: number;
  /** Names of proxies that are shown; null: all. */
  readonly scope: ReadonlySet<string> | null;
  readonly showsVersion: boolean;
  readonly showsLegends: boolean;
  /** More columns: the numbers of TLS and HTTP. */
  readonly showsModules: boolean;
  /** '' where it is not shown. */
  readonly node: string;
  readonly description: string;
}

/** Parts of the Prometheus output that a scrape may ask for. */
export type MetricScope =
  | 'global'
  | 'frontend'
  | 'listener'
  | 'backend'
  | 'server'
  | 'sticktable'
  | 'resolver';

/** One scrape of Prometheus, as the query of its target asks. */
export interface MetricsRequest {
  readonly scopes: ReadonlySet<MetricScope>;
  /** Names to leave out (true) or to keep (false); with one to keep, only those are kept. */
  readonly filters: ReadonlyMap<string, boolean>;
  readonly hidesMaint: boolean;
  /** Columns of modules too. */
  readonly withModules: boolean;
  /** Descriptions as labels. */
  readonly withDescriptions: boolean;
}

/** One request for a statistics page, as its target asks. */
export interface StatsPageRequest {
  readonly format: 'html' | 'csv' | 'typed' | 'json';
  readonly refreshes: boolean;
  readonly hidesDown: boolean;
  readonly hidesMaint: boolean;
  /** Part of the names of the proxies to show, '' for all. */
  readonly scope: string;
  /** What became of a change that led here, '' for none. */
  readonly outcome: string;
  /** May change server states. */
  readonly isAdmin: boolean;
}

export interface ProxyTimeouts {
  readonly clientMs: number;
  readonly serverMs: number;
  readonly connectMs: number;
  readonly queueMs: number;
  readonly tunnelMs: number;
  readonly tarpitMs: number;
  readonly httpRequestMs: number;
  readonly httpKeepAliveMs: number;
  readonly clientFinMs: number;
  readonly serverFinMs: number;
  readonly clientHsMs: number;
}

/** How connections persist (manual 4, option httpclose and friends): front and back combined. */
export const persistKeepAlive = 0;
export const persistServerClose = 1;
export const persistClose = 2;

/** `option forwardfor` / `originalto`. */
export interface ForwardForPlan {
  readonly name: HeaderName;
  readonly ifNone: boolean;
  /** True when the source address is excepted. */
  readonly except: ((family: number, ipv4: number, bytes: string) => boolean) | null;
}

/** `option forwarded`: the element to add, and whether a value that came can be trusted. */
export interface ForwardedPlan {
  readonly text: FormatText;
  readonly isValid: (value: string) => boolean;
}

/** `option http-restrict-req-hdr-names`. */
export const namesPreserve = 0;
export const namesDelete = 1;
export const namesReject = 2;

/** A `fcgi-app` section, as connections to the servers that run it need it. */
export interface FcgiAppPlan {
  readonly name: string;
  readonly docroot: string;
  /** '': none. */
  readonly index: string;
  readonly pathInfo: Regex | null;
  readonly keepsConnections: boolean;
  readonly asksValues: boolean;
  readonly multiplexes: boolean;
  readonly requestMax: number;
  /** Where error output goes, null: nowhere. */
  readonly stderr: LogPlan | null;
}

export interface FcgiParamChoice {
  /** null: always. */
  readonly condition: Condition | null;
  readonly value: FormatText;
}

/** A parameter that rules set: the first choice that holds, if its value is not empty. */
export interface FcgiParamPlan {
  readonly name: HeaderName;
  readonly choices: readonly FcgiParamChoice[];
}

/** A header that is hidden unless one of the conditions holds (null: always). */
export interface FcgiHeaderPlan {
  readonly name: HeaderName;
  readonly passes: readonly (Condition | null)[];
}

/** What requests of a backend are told the application beside their headers. */
export interface FcgiPlan {
  readonly app: FcgiAppPlan;
  readonly params: readonly FcgiParamPlan[];
  readonly headers: readonly FcgiHeaderPlan[];
}

export interface ProxyPlan {
  /** Index in Program.proxies and Model.proxies. */
  readonly index: number;
  /** '': it was deleted. */
  name: string;
  readonly model: ProxyModel;
  readonly isHttp: boolean;
  /** The same frontend as its sessions see it that have become HTTP; null: none may. */
  readonly httpTwin: ProxyPlan | null;
  readonly hasFront: boolean;
  readonly hasBack: boolean;
  /** Counter objects (shared/segment), -1: none on that side. */
  readonly frontObject: number;
  readonly backObject: number;
  readonly timeouts: ProxyTimeouts;
  readonly persist: number;
  /** Kernel splicing of each direction: 1 asked for, -1 forbidden, 0 nothing said. */
  readonly spliceRequest: number;
  readonly spliceResponse: number;
  readonly tcpConnection: RuleList;
  readonly tcpSession: RuleList;
  readonly tcpContent: RuleList;
  readonly tcpResponse: RuleList;
  readonly httpRequest: RuleList;
  readonly httpResponse: RuleList;
  readonly httpAfterResponse: RuleList;
  readonly redirects: RuleList;
  /** Answers requests for the statistics page (`stats ...`), null: there is none. */
  readonly statsPage: Act | null;
  readonly inspectDelayMs: number;
  readonly responseInspectDelayMs: number;
  readonly switches: readonly SwitchPlan[];
  /** Rules of other proxies may lead here: neither disabled nor unpublished. May change. */
  isOpen: boolean;
  /** `force-be-switch`: rules lead to backends that are not open, when one of these holds. */
  readonly forceSwitches: readonly Condition[];
  /** Index of default_backend, -1: none (a listen is its own backend). */
  readonly defaultBackend: number;
  /** Path of monitor-uri, '' for none, and `monitor fail` conditions. */
  readonly monitorUri: string;
  readonly monitorFail: readonly Condition[];
  /** Replies that replace the built-in ones, by status. */
  readonly replies: ReadonlyMap<number, ReplyPlan>;
  readonly forwardFor: ForwardForPlan | null;
  readonly originalTo: ForwardForPlan | null;
  /** `option forwarded` (RFC 7239). */
  readonly forwarded: ForwardedPlan | null;
  /** `http-send-name-header`; null: servers are not told. */
  readonly serverNameHeader: HeaderName | null;
  /** `use-fcgi-app`; null: no server of the backend speaks FastCGI. */
  readonly fcgi: FcgiPlan | null;
  /** names* constant: what becomes of unusual header names in requests. */
  readonly restrictNames: number;
  /** `option http-buffer-request`. */
  readonly buffersRequest: boolean;
  /** `option http-use-proxy-header`, `http-pretend-keepalive`. */
  readonly usesProxyHeader: boolean;
  readonly pretendsKeepAlive: boolean;
  /** Header names for clients and servers that want them otherwise than in lower case. */
  readonly clientNames: NameCase | null;
  readonly serverNames: NameCase | null;
  /** `option checkcache`. */
  readonly checksCache: boolean;
  /** `option http-ignore-probes`. */
  readonly ignoresProbes: boolean;
  readonly log: LogPlan | null;
  readonly captureRequestHeaders: readonly {
    readonly name: HeaderName;
    readonly lengthMax: number;
  }[];
  readonly captureResponseHeaders: readonly {
    readonly name: HeaderName;
    readonly lengthMax: number;
  }[];
  readonly uniqueId: FormatText | null;
  readonly uniqueIdHeader: HeaderName | null;
  /** Members and balancing, null on a pure frontend. */
  readonly backend: Backend | null;
  /** What server lines evaluate, by server index: grows with servers added at run time. */
  readonly serverLines: ServerLinePlan[];
}

/** What a connection to one server evaluates. */
export interface ServerLinePlan {
  /** `usesrc hdr_ip(...)`, null: nothing is taken from a header. */
  readonly sourceHeader: Evaluate | null;
  /** The name asked for (SNI). */
  readonly sni: Evaluate | null;
  /** What connections are shared by (pool-conn-name), null for the SNI. */
  readonly shares: Evaluate | null;
  /** TLVs of the PROXY header; `value` null for an empty one. */
  readonly tlvs: readonly ProxyTlvPlan[];
  /** TLS, null for clear text. */
  readonly tls: TlsClientPlan | null;
}
