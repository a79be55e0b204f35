// The load at which a backend's servers get their whole maxconn, when `fullconn` is not set: a
// tenth of what its frontends may bring (manual 4.2, fullconn). Start only.

import type { Model, ProxyModel } from '../../shared/config/model.ts';

/** Streams; at least 1. A dynamic use_backend counts for nothing: its name is not known. */
export function fullconnOf(model: Model, backend: ProxyModel): number {
  if (backend.fullconn > 0) return backend.fullconn;
  let total = 0;
  for (const proxy of model.proxies) {
    if (proxy.kind === 'backend') continue;
    const limit = proxy.maxconn || model.global.maxconn;
    total += limit * timesNamed(proxy, backend);
  }
  return Math.max(1, Math.ceil(total / 10));
}

/** Once, however many rules name it. A listen without a default backend is its own. */
function timesNamed(proxy: ProxyModel, backend: ProxyModel): number {
  const isDefault =
    proxy.defaultBackend === ''
      ? proxy.kind === 'listen' && proxy.name === backend.name
      : proxy.defaultBackend === backend.name;
  const isNamed = proxy.useBackends.some((line) => line.words[0] === backend.name);
  return Number(isDefault) + Number(isNamed && proxy.defaultBackend !== backend.name);
}
