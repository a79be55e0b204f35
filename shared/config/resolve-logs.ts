// Names that log lines use, checked against the sections that declare them. Called once by
// resolve.ts when every line has been read.

import type { Draft } from './draft.ts';
import type { LogTargetModel } from './model.ts';

/** Every log target of the configuration, each line once. */
function targetsOf(draft: Draft): ReadonlySet<LogTargetModel> {
  const proxies = draft.proxies.flatMap(({ model }) => model.logs);
  return new Set([...draft.global.logs, ...proxies]);
}

/** Reports names that no section declares. */
export function resolveLogs(draft: Draft): void {
  const profiles = new Set(draft.logProfiles.map(({ name }) => name));
  for (const { profile, place } of targetsOf(draft)) {
    if (profile === '' || profiles.has(profile)) continue;
    draft.diagnostics.alert(place, `log : unknown log-profile '${profile}'`);
  }
}
