// Which backend a stream goes to (manual 4, use_backend and default_backend), and what changes with
// it. Called once per stream, between the rules of the frontend and those of the backend.

import { field } from '../../shared/segment/metrics.ts';
import { verdictError, verdictNext, verdictSwitch } from '../keyword.ts';
import type { ProxyPlan, ProxyTimeouts } from '../program.ts';
import type { EngineContext } from './context.ts';
import { enterBackend } from './finish.ts';
import { flagSwitchedBack, flagTcp } from './phases.ts';
import type { Stream } from './stream.ts';

const fieldRequests = field.req_tot;

/** Sets `stream.backend`; answers a verdict, mostly verdictNext. */
export function switchBackend(context: EngineContext, stream: Stream): number {
  const { frontend } = stream;
  const chosen = chooseBackend(context, stream);
  if (chosen === null && !frontend.hasBack) {
    stream.backend = frontend;
    return verdictNext;
  }
  const backend = chosen ?? frontend;
  stream.backend = backend;
  enterBackend(context, stream);
  if (backend !== frontend) takeTimeouts(stream, backend.timeouts);
  if (backend.isHttp && backend.backend !== null) {
    context.thread.counters.values[backend.backend.row + fieldRequests] += 1;
  }
  if ((stream.flags & flagTcp) === 0) return mayServe(backend) ? verdictNext : verdictError;
  if (!backend.isHttp) return verdictNext;
  stream.flags |= flagSwitchedBack;
  return verdictSwitch;
}

/** Requests cannot go to TCP servers (manual 4.4, switch-mode). */
const mayServe = ({ backend, model }: ProxyPlan): boolean =>
  backend === null || model.mode === 'http';

/** The backend's timeouts replace what set-timeout said in another proxy, but for the tarpit's. */
function takeTimeouts(stream: Stream, to: ProxyTimeouts): void {
  stream.serverTimeoutMs = to.serverMs;
  stream.connectTimeoutMs = to.connectMs;
  stream.queueTimeoutMs = to.queueMs;
  stream.tunnelTimeoutMs = to.tunnelMs;
  stream.retryMax = -1;
  if (stream.tarpitTimeoutMs === 0) stream.tarpitTimeoutMs = to.tarpitMs;
}

/** Rules pass over backends that are disabled or unpublished, unless force-be-switch says so. */
function mayLead(stream: Stream, target: ProxyPlan): boolean {
  if (target.isOpen) return true;
  const { forceSwitches } = stream.frontend;
  for (let i = 0; i < forceSwitches.length; i++) {
    if (forceSwitches[i](stream) === 1) return true;
  }
  return false;
}

function chooseBackend(context: EngineContext, stream: Stream): ProxyPlan | null {
  const { switches, defaultBackend } = stream.frontend;
  for (let i = 0; i < switches.length; i++) {
    const rule = switches[i];
    if (rule.condition !== null && rule.condition(stream) !== 1) continue;
    const target =
      rule.name === null ? context.proxyAt(rule.proxyIndex) : context.proxyNamed(rule.name(stream));
    // A name that turns out not to be a backend: the default decides (manual 4, use_backend).
    if (target === null) break;
    if (mayLead(stream, target)) return target;
  }
  if (defaultBackend < 0) return null;
  const target = context.proxyAt(defaultBackend);
  return mayLead(stream, target) ? target : null;
}
