// Statistics of protocols: the columns of `show stat` after the '-' that ends the fixed ones,
// module after module in the reference's order. What hawser counts is stored; columns of
// protocols it does not speak are there, so that every later column keeps its place, and stay
// empty.

import { type MetricDef, type MetricRow, metric, type StoredName } from './metric.ts';

const sslRows = [
  ['ssl_sess', '', 'LFBS', 'count', 'MCP:u64', 'TLS sessions established'],
  ['ssl_reused_sess', '', 'LFBS', 'count', 'MCP:u64', 'of these, resumed'],
  ['ssl_failed_handshake', '', 'LFBS', 'count', 'MCP:u64', 'handshakes that failed'],
  ['ssl_ocsp_staple', '', 'LFBS', 'count', 'MCP:u64', 'OCSP responses stapled'],
  ['ssl_failed_ocsp_staple', '', 'LFBS', 'count', 'MCP:u64', 'OCSP responses not stapled'],
] as const satisfies readonly MetricRow[];

const h1Rows = [
  ['h1_open_connections', '', 'FB', 'gauge', 'MGP:u64', 'HTTP/1 connections now'],
  ['h1_open_streams', '', 'FB', 'gauge', 'MGP:u64', 'HTTP/1 streams now'],
  ['h1_total_connections', '', 'FB', 'count', 'MCP:u64', 'HTTP/1 connections so far'],
  ['h1_total_streams', '', 'FB', 'count', 'MCP:u64', 'HTTP/1 streams so far'],
  ['h1_bytes_in', '', 'FB', 'count', 'MCP:u64', 'bytes received over HTTP/1'],
  ['h1_bytes_out', '', 'FB', 'count', 'MCP:u64', 'bytes sent over HTTP/1'],
  ['h1_spliced_bytes_in', '', 'FB', 'count', 'MCP:u64', 'of these, received by splice'],
  ['h1_spliced_bytes_out', '', 'FB', 'count', 'MCP:u64', 'of these, sent by splice'],
] as const satisfies readonly MetricRow[];

const h2Rows = [
  ['h2_headers_rcvd', '', 'FB', 'count', 'MCP:u64', 'HEADERS frames received'],
  ['h2_data_rcvd', '', 'FB', 'count', 'MCP:u64', 'DATA frames received'],
  ['h2_settings_rcvd', '', 'FB', 'count', 'MCP:u64', 'SETTINGS frames received'],
  ['h2_rst_stream_rcvd', '', 'FB', 'count', 'MCP:u64', 'RST_STREAM frames received'],
  ['h2_goaway_rcvd', '', 'FB', 'count', 'MCP:u64', 'GOAWAY frames received'],
  ['h2_detected_conn_protocol_errors', '', 'FB', 'count', 'MCP:u64', 'errors of connections'],
  ['h2_detected_strm_protocol_errors', '', 'FB', 'count', 'MCP:u64', 'errors of streams'],
  ['h2_rst_stream_resp', '', 'FB', 'count', 'MCP:u64', 'RST_STREAM frames sent'],
  ['h2_goaway_resp', '', 'FB', 'count', 'MCP:u64', 'GOAWAY frames sent'],
  ['h2_open_connections', '', 'FB', 'gauge', 'MGP:u64', 'HTTP/2 connections now'],
  ['h2_backend_open_streams', '', 'FB', 'gauge', 'MGP:u64', 'HTTP/2 streams now'],
  ['h2_total_connections', '', 'FB', 'count', 'MCP:u64', 'HTTP/2 connections so far'],
  ['h2_backend_total_streams', '', 'FB', 'count', 'MCP:u64', 'HTTP/2 streams so far'],
] as const satisfies readonly MetricRow[];

/** Columns without a value: the protocol's name and the words after it. */
const h3Words =
  'h3_data h3_headers h3_cancel_push h3_push_promise h3_max_push_id h3_goaway h3_settings ' +
  'h3_no_error h3_general_protocol_error h3_internal_error h3_stream_creation_error ' +
  'h3_closed_critical_stream h3_frame_unexpected h3_frame_error h3_excessive_load h3_id_error ' +
  'h3_settings_error h3_missing_settings h3_request_rejected h3_request_cancelled ' +
  'h3_request_incomplete h3_message_error h3_connect_error h3_version_fallback ' +
  'pack_decompression_failed qpack_encoder_stream_error qpack_decoder_stream_error';

const quicWords =
  'rxbuf_full dropped_pkt dropped_pkt_bufoverrun dropped_parsing_pkt socket_full sendto_err ' +
  'sendto_err_unknwn sent_pkt lost_pkt too_short_dgram retry_sent retry_validated retry_error ' +
  'half_open_conn hdshk_fail stless_rst_sent conn_migration_done transp_err_no_error ' +
  'transp_err_internal_error transp_err_connection_refused transp_err_flow_control_error ' +
  'transp_err_stream_limit_error transp_err_stream_state_error transp_err_final_size_error ' +
  'transp_err_frame_encoding_error transp_err_transport_parameter_error ' +
  'transp_err_connection_id_limit transp_err_protocol_violation_error transp_err_invalid_token ' +
  'transp_err_application_error transp_err_crypto_buffer_exceeded transp_err_key_update_error ' +
  'transp_err_aead_limit_reached transp_err_no_viable_path transp_err_crypto_error ' +
  'transp_err_unknown_error data_blocked stream_data_blocked streams_blocked_bidi ' +
  'streams_blocked_uni ncbuf_gap_limit';

function without(protocol: string, prefix: string, words: string): MetricDef[] {
  return words
    .split(' ')
    .map((word) => metric([prefix + word, '', 'FB', 'made', 'MCP:u64', `${protocol}: ${word}`]));
}

export type ModuleFieldName = StoredName<
  (typeof sslRows)[number] | (typeof h1Rows)[number] | (typeof h2Rows)[number]
>;

export const moduleMetrics: readonly MetricDef[] = [
  ...h2Rows.map(metric),
  ...sslRows.map(metric),
  ...without('HTTP/3', '', h3Words),
  ...without('QUIC', 'quic_', quicWords),
  ...h1Rows.map(metric),
];
