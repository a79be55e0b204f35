// What sessions with peers trace. Called only where somebody wants it.

import {
  sourcePeers,
  traceError,
  traceProto,
  traceState,
  traceUser,
} from '../../shared/trace/sources.ts';
import { traceEvent, type TracePoint, tracer } from '../log/trace.ts';

export const pointNew = traceEvent(sourcePeers, 'sess_new', traceState);
export const pointEnd = traceEvent(sourcePeers, 'sess_end', traceState);
export const pointError = traceEvent(sourcePeers, 'sess_err', traceError);
export const pointMessage = traceEvent(sourcePeers, 'rx_msg', traceProto);
export const pointHello = traceEvent(sourcePeers, 'proto_hello', traceProto);
export const pointSuccess = traceEvent(sourcePeers, 'proto_success', traceUser);
export const pointControl = traceEvent(sourcePeers, 'proto_ctrl', traceProto);

interface Traced {
  readonly peer: { readonly model: { readonly name: string } } | null;
}

/** An event of a session. */
export function tracePeer(session: Traced, point: TracePoint, text: string): void {
  tracer.report(point, { session: tracer.idOf(session) }, text, () => {
    return `peer=${session.peer?.model.name ?? '<NONE>'}`;
  });
}
