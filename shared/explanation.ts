// What `hawser explain` asks a worker's program and what it is told: plain data. The worker
// (worker/explain) fills it, the tool (cli/explain.ts) shows it. Texts of messages are bytes
// (latin1 in a string).

/** One request of one client. */
export interface ExplainRequest {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** No HTTP (tcp://): the client connects and sends the body, if any, and nothing else. */
  readonly isRaw: boolean;
  /** Over TLS or in clear; null: whatever the listener speaks. */
  readonly secure: boolean | null;
  /** The name that TLS asks for. */
  readonly serverName: string;
  /** Port that the client connects to, 0: any. */
  readonly port: number;
  /** Frontend that is asked, '': any. */
  readonly frontend: string;
  /** Address of the client. */
  readonly from: string;
  /** It is the so-manieth of equal requests, each on a connection of its own. */
  readonly repeat: number;
  /** Servers that are down: `backend/server`. */
  readonly down: readonly string[];
  /** What the server is taken to answer. */
  readonly answerStatus: number;
  readonly answerHeaders: readonly (readonly [string, string])[];
}

export interface ExplainedAcl {
  /** `path_beg /api`, without the name of the acl. */
  readonly text: string;
  /** '' when it stands in the rule itself. */
  readonly name: string;
  readonly line: number;
  /** 1 true, 0 false, -1 not known. */
  readonly result: number;
  /** What was compared, in turn; none: there was no value. */
  readonly values: readonly string[];
}

/** A rule that was looked at. */
export interface ExplainedStep {
  readonly proxy: string;
  /** `http-request`; '' for what is no rule set (use_backend and its like). */
  readonly ruleSet: string;
  readonly file: string;
  readonly line: number;
  /** The line as written, without its indentation. */
  readonly text: string;
  /** Its condition: 1 true or none, 0 false, -1 not known for want of data. */
  readonly met: number;
  /** What the action made of the request: '' when it did not act. */
  readonly verdict: string;
  readonly acls: readonly ExplainedAcl[];
  /** Expressions that the action read, with what they came to. */
  readonly values: readonly { readonly text: string; readonly value: string }[];
}

/** A rule that nothing came to: an earlier one had decided. */
export type UnreachedRule = Pick<ExplainedStep, 'proxy' | 'ruleSet' | 'file' | 'line' | 'text'>;

export interface ExplainedListener {
  readonly proxy: string;
  readonly address: string;
  readonly isTls: boolean;
  readonly file: string;
  readonly line: number;
}

/** Why this server: persistence is use-server, a stick table, or the last server. '': none. */
export type ServerReason = '' | 'cookie' | 'persistence' | 'balance';

/** server: a server got it. answered: it was answered here. closed: without a word. */
export type ExplainedOutcome = 'server' | 'answered' | 'closed' | 'none';

export interface Explanation {
  /** Why nothing could be tried, '' when something was. */
  readonly fault: string;
  readonly listener: ExplainedListener | null;
  readonly steps: readonly ExplainedStep[];
  /** Of the frontend and the backend, for the request alone. */
  readonly unreached: readonly UnreachedRule[];
  readonly outcome: ExplainedOutcome;
  readonly frontend: string;
  /** '' when none was reached. */
  readonly backend: string;
  readonly server: string;
  readonly serverAddress: string;
  readonly reason: ServerReason;
  /** `balance leastconn` of the backend. */
  readonly balance: string;
  /** What the server got, '' when none did. */
  readonly request: string;
  /** What the client gets. */
  readonly response: string;
  /** Time that had to pass: a tarpit, an inspection. */
  readonly waitedMs: number;
  /** Lines for the logs. */
  readonly logs: readonly string[];
  readonly notes: readonly string[];
}
