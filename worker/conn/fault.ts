// Why a connection could not be used, as numbers, names and messages (manual 7.3.3, fc_err_str).
// Steps of an opening set `Connection.fault`; logs and the fetches fc_err, bc_err and their kin
// read it.

export interface Fault {
  readonly id: number;
  readonly name: string;
  readonly message: string;
}

export const faultNone = 0;
export const faultSocket = 6;
export const faultProxyEmpty = 11;
export const faultProxyAbort = 12;
export const faultProxyTimeout = 13;
export const faultProxyTruncated = 14;
export const faultProxyNotHeader = 15;
export const faultProxyBadHeader = 16;
export const faultProxyBadProtocol = 17;
export const faultCipEmpty = 18;
export const faultCipAbort = 19;
export const faultCipTimeout = 20;
export const faultCipTruncated = 21;
export const faultCipBadMagic = 22;
export const faultCipBadProtocol = 23;
export const faultTlsEmpty = 24;
export const faultTlsAbort = 25;
export const faultTlsTimeout = 26;
export const faultTlsTooMany = 27;
export const faultTlsAuthority = 30;
export const faultTlsCertificate = 31;
export const faultTlsMismatch = 32;
export const faultTlsMismatchSni = 33;
export const faultTlsHandshake = 34;
export const faultSocksSend = 39;
export const faultSocksReceive = 40;
export const faultSocksDenied = 41;
export const faultSocksAbort = 42;
export const faultReverse = 44;
export const faultRefused = 46;
export const faultReset = 47;
export const faultUnreachable = 48;

const rows: readonly Fault[] = [
  { id: faultSocket, name: 'SOCK_ERR', message: 'General socket error' },
  {
    id: faultProxyEmpty,
    name: 'PRX_EMPTY',
    message: 'Connection closed while waiting for PROXY protocol header',
  },
  {
    id: faultProxyAbort,
    name: 'PRX_ABORT',
    message: 'Connection error while waiting for PROXY protocol header',
  },
  {
    id: faultProxyTimeout,
    name: 'PRX_TIMEOUT',
    message: 'Timeout while waiting for PROXY protocol header',
  },
  {
    id: faultProxyTruncated,
    name: 'PRX_TRUNCATED',
    message: 'Truncated PROXY protocol header received',
  },
  {
    id: faultProxyNotHeader,
    name: 'PRX_NOT_HDR',
    message: 'Received something which does not look like a PROXY protocol header',
  },
  {
    id: faultProxyBadHeader,
    name: 'PRX_BAD_HDR',
    message: 'Received an invalid PROXY protocol header',
  },
  {
    id: faultProxyBadProtocol,
    name: 'PRX_BAD_PROTO',
    message: 'Received an unhandled protocol in the PROXY protocol header',
  },
  {
    id: faultCipEmpty,
    name: 'CIP_EMPTY',
    message: 'Connection closed while waiting for NetScaler Client IP header',
  },
  {
    id: faultCipAbort,
    name: 'CIP_ABORT',
    message: 'Connection error while waiting for NetScaler Client IP header',
  },
  {
    id: faultCipTimeout,
    name: 'CIP_TIMEOUT',
    message: 'Timeout while waiting for a NetScaler Client IP header',
  },
  {
    id: faultCipTruncated,
    name: 'CIP_TRUNCATED',
    message: 'Truncated NetScaler Client IP header received',
  },
  {
    id: faultCipBadMagic,
    name: 'CIP_BAD_MAGIC',
    message: 'Received an invalid NetScaler Client IP magic number',
  },
  {
    id: faultCipBadProtocol,
    name: 'CIP_BAD_PROTO',
    message: 'Received an unhandled protocol in the NetScaler Client IP header',
  },
  { id: faultTlsEmpty, name: 'SSL_EMPTY', message: 'Connection closed during SSL handshake' },
  { id: faultTlsAbort, name: 'SSL_ABORT', message: 'Connection error during SSL handshake' },
  { id: faultTlsTimeout, name: 'SSL_TIMEOUT', message: 'Timeout during SSL handshake' },
  { id: faultTlsTooMany, name: 'SSL_TOO_MANY', message: 'Too many SSL connections' },
  {
    id: faultTlsAuthority,
    name: 'SSL_CA_FAIL',
    message: 'SSL client CA chain cannot be verified',
  },
  {
    id: faultTlsCertificate,
    name: 'SSL_CRT_FAIL',
    message: 'SSL client certificate not trusted',
  },
  {
    id: faultTlsMismatch,
    name: 'SSL_MISMATCH',
    message: 'Server presented an SSL certificate different from the configured one',
  },
  {
    id: faultTlsMismatchSni,
    name: 'SSL_MISMATCH_SNI',
    message: 'Server presented an SSL certificate different from the expected one',
  },
  { id: faultTlsHandshake, name: 'SSL_HANDSHAKE', message: 'SSL handshake failure' },
  {
    id: faultSocksSend,
    name: 'SOCKS4_SEND',
    message: 'SOCKS4 Proxy write error during handshake',
  },
  {
    id: faultSocksReceive,
    name: 'SOCKS4_RECV',
    message: 'SOCKS4 Proxy read error during handshake',
  },
  { id: faultSocksDenied, name: 'SOCKS4_DENY', message: 'SOCKS4 Proxy deny the request' },
  {
    id: faultSocksAbort,
    name: 'SOCKS4_ABORT',
    message: 'SOCKS4 Proxy handshake aborted by server',
  },
  { id: faultReverse, name: 'REVERSE', message: 'Reverse connect failure' },
  { id: faultRefused, name: 'EREFUSED', message: 'ECONNREFUSED returned by OS' },
  { id: faultReset, name: 'ERESET', message: 'ECONNRESET returned by OS' },
  { id: faultUnreachable, name: 'EUNREACH', message: 'ENETUNREACH returned by OS' },
];

/** The faults this program can set, by number. */
export const faults: ReadonlyMap<number, Fault> = new Map(rows.map((row) => [row.id, row]));

/** Faults of a client that left before it said anything: not logged with `option dontlognull`. */
export const quietFaults: ReadonlySet<number> = new Set([
  faultNone,
  faultProxyEmpty,
  faultProxyAbort,
  faultCipEmpty,
  faultCipAbort,
  faultTlsEmpty,
  faultTlsAbort,
]);

/** Message of a log line, '' for none. */
export function faultText(id: number): string {
  return faults.get(id)?.message ?? '';
}
