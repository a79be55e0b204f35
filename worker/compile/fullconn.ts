// The load at which a backend's servers get their whole maxconn, when `fullconn` is not set: a
// tenth of what its frontends may bring (manual 4.2, fullconn).

import type { Model, ProxyModel } from '../../shared/config/model.ts';

/** By model: connections that all frontends together may bring to a backend, by its name. */
const known = new WeakMap<Model, ReadonlyMap<string, number>>();

/**
 * Streams; at least 1. A dynamic use_backend counts for nothing: its name is not known. Also of a
 * backend that came to the model at run time.
 */
export function fullconnOf(model: Model, backend: ProxyModel): number {
  if (backend.fullconn > 0) return backend.fullconn;
  let totals = known.get(model);
  if (totals === undefined) {
    totals = totalsOf(model);
    known.set(model, totals);
  }
  return Math.max(1, Math.ceil((totals.get(backend.name) ?? 0) / 10));
}

function totalsOf({ global, proxies }: Model): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const proxy of proxies) {
    if (proxy.kind === 'backend') continue;
    const limit = proxy.maxconn || global.maxconn;
    for (const name of namedBy(proxy)) totals.set(name, (totals.get(name) ?? 0) + limit);
  }
  return totals;
}

/** Each once, however many rules name it. A listen without a default backend is its own. */
function namedBy({ kind, name, defaultBackend, useBackends }: ProxyModel): ReadonlySet<string> {
  const names = new Set(useBackends.map((line) => line.words[0]));
  if (defaultBackend !== '') names.add(defaultBackend);
  else if (kind === 'listen') names.add(name);
  return names;
}
