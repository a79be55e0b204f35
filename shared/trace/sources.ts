// What can be traced (management.txt 9.3 "trace"): sources, their events and verbosities, one row
// each. Names are HAProxy's where it has one. Commands list these rows; code that traces names a
// source and an event by number.

export interface TraceEvent {
  readonly name: string;
  readonly help: string;
}

export interface TraceSource {
  readonly name: string;
  readonly help: string;
  readonly events: readonly TraceEvent[];
  /** Names and helps above `quiet`; the first is the one to start with. */
  readonly verbosities: readonly TraceEvent[];
  /** Criteria of `lock`, of lockCriteria. */
  readonly locks: readonly string[];
}

/** Columns: name, help. */
function rows(text: string): readonly TraceEvent[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [name, ...help] = line.trim().split(' ');
      return { name, help: help.join(' ') };
    });
}

const detailed = rows(`
  clean only user-friendly stuff, generally suitable for level "user"
  minimal who it is about: frontend, backend, server, connection
  simple add the first line of requests and answers
  complete add header fields`);
const plain = rows('default report extra information when available');

const onTraffic = ['backend', 'connection', 'frontend', 'listener', 'server', 'session', 'thread'];

export const traceSources: readonly TraceSource[] = [
  {
    name: 'h1',
    help: 'HTTP/1 multiplexer',
    events: rows(`
      h1c_new new H1 connection
      h1c_end H1 connection terminated
      h1c_err error on H1 connection
      rx_headers receipt of H1 headers
      tx_headers transmission of all headers
      h1s_end H1 stream terminated`),
    verbosities: detailed,
    locks: onTraffic,
  },
  {
    name: 'h2',
    help: 'HTTP/2 multiplexer',
    events: rows(`
      h2c_new new H2 connection
      h2c_end H2 connection terminated
      h2c_err error on H2 connection
      rx_frame receipt of any H2 frame
      h2s_new new H2 stream
      h2s_end H2 stream terminated`),
    verbosities: detailed,
    locks: ['connection', 'thread'],
  },
  {
    name: 'stream',
    help: 'Applicative stream',
    events: rows(`
      strm_new new stream
      strm_free release stream
      strm_err error during stream processing
      sc_state processing connector states
      http_ana HTTP analyzers`),
    verbosities: detailed,
    locks: ['backend', 'frontend', 'listener', 'server', 'session', 'stream', 'thread'],
  },
  {
    name: 'session',
    help: 'client session management',
    events: rows(`
      sess_new new session creation
      sess_end session termination
      sess_err session error`),
    verbosities: plain,
    locks: ['frontend', 'listener', 'session', 'thread'],
  },
  {
    name: 'check',
    help: 'Health-check',
    events: rows(`
      hchck_start Health-check started
      hchck_end Health-check terminated
      hchck_succ Health-check success
      hchck_err Health-check failure`),
    verbosities: plain,
    locks: ['backend', 'server', 'thread'],
  },
  {
    name: 'peers',
    help: 'Peers protocol',
    events: rows(`
      sess_new create new peer session
      sess_end peer session terminated
      sess_err error on peer session
      rx_msg message received
      proto_hello protocol hello message
      proto_success protocol success message
      proto_ctrl protocol control message`),
    verbosities: plain,
    locks: ['session', 'thread'],
  },
  {
    name: 'reload',
    help: 'configurations that come and go',
    events: rows(`
      conf_new a configuration begins to serve
      conf_stop it takes no new clients
      conf_end its last client has gone`),
    verbosities: plain,
    locks: ['thread'],
  },
  {
    name: 'fcgi',
    help: 'FastCGI multiplexer',
    events: rows(`
      fconn_new new FCGI connection
      fconn_end FCGI connection terminated
      fconn_err error on FCGI connection
      rx_record receipt of any FCGI record
      fstrm_end FCGI stream terminated`),
    verbosities: detailed,
    locks: ['connection', 'thread'],
  },
];

/** Numbers of the sources above. */
export const sourceH1 = 0;
export const sourceH2 = 1;
export const sourceStream = 2;
export const sourceSession = 3;
export const sourceCheck = 4;
export const sourcePeers = 5;
export const sourceReload = 6;
export const sourceFcgi = 7;

/** Levels by number: a message is reported at its own level and above. */
export const traceLevels = rows(`
  error report errors
  user also information useful to the end user
  proto also protocol-level updates
  state also report internal state changes
  data also report data transfers
  developer also report information useful only to the developer`);
export const traceError = 0;
export const traceUser = 1;
export const traceProto = 2;
export const traceState = 3;
export const traceDeveloper = 5;

/** What a trace may be locked on; `nothing` is the first. */
export const lockCriteria: readonly string[] = [
  'nothing',
  'backend',
  'connection',
  'frontend',
  'listener',
  'server',
  'session',
  'stream',
  'thread',
];
