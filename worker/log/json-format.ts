// `option httplog json`: one JSON object for each line, ready to be ingested. Not HAProxy's; its
// fields are those of its HTTP format (manual 8.2.3) under names that say what they are.
// doc/logging.md describes them.

/** Field, type, and what fills it: a log tag or a sample expression. */
const fields: readonly (readonly [name: string, type: '' | 'sint', value: string])[] = [
  ['time', '', '[accept_date(us),us_utime("%Y-%m-%dT%H:%M:%S.%NZ")]'],
  ['client_ip', '', 'ci'],
  ['client_port', 'sint', 'cp'],
  ['frontend', '', 'f'],
  ['backend', '', 'b'],
  ['server', '', 's'],
  ['method', '', '[capture.req.method]'],
  ['uri', '', '[capture.req.uri]'],
  ['version', '', '[capture.req.ver]'],
  ['status', 'sint', 'ST'],
  ['state', '', 'tsc'],
  ['bytes_in', 'sint', 'U'],
  ['bytes_out', 'sint', 'B'],
  ['time_request', 'sint', 'TR'],
  ['time_queue', 'sint', 'Tw'],
  ['time_connect', 'sint', 'Tc'],
  ['time_response', 'sint', 'Tr'],
  ['time_active', 'sint', 'Ta'],
  ['connections_process', 'sint', 'ac'],
  ['connections_frontend', 'sint', 'fc'],
  ['connections_backend', 'sint', 'bc'],
  ['connections_server', 'sint', 'sc'],
  ['retries', 'sint', 'rc'],
  ['queue_server', 'sint', 'sq'],
  ['queue_backend', 'sint', 'bq'],
  ['request_captures', '', 'hrl'],
  ['response_captures', '', 'hsl'],
  ['tls_version', '', 'sslv'],
  ['tls_cipher', '', 'sslc'],
  ['unique_id', '', 'ID'],
];

/** As `log-format` would have it. */
export const jsonFormat = `%{+json}o${fields
  .map(([name, type, value]) => `%(${name}${type === '' ? '' : `:${type}`})${value}`)
  .join('')}`;
