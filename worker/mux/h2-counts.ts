// Where the statistics of HTTP/2 stand in a counter row (shared/segment/metrics-modules.ts), as
// numbers: what is counted per frame is not looked up by name.

import { field } from '../../shared/segment/metrics.ts';

/** Frames received. */
export const countHeaders = field.h2_headers_rcvd;
export const countData = field.h2_data_rcvd;
export const countSettings = field.h2_settings_rcvd;
export const countResets = field.h2_rst_stream_rcvd;
export const countGoaways = field.h2_goaway_rcvd;
/** Errors of connections, and of streams. */
export const countFatal = field.h2_detected_conn_protocol_errors;
export const countMalformed = field.h2_detected_strm_protocol_errors;
/** Frames sent. */
export const countResetsSent = field.h2_rst_stream_resp;
export const countGoawaysSent = field.h2_goaway_resp;
/** There now, and so far. */
export const countOpen = field.h2_open_connections;
export const countConnections = field.h2_total_connections;
export const countOpenStreams = field.h2_backend_open_streams;
export const countStreams = field.h2_backend_total_streams;
