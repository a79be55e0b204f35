// One backend that comes while the process serves (`add backend`): a defaults section with a name
// and no lines of its own. Called on the control thread.

import { Diagnostics } from './diagnostic.ts';
import { newDraft, newProxyDraft } from './draft.ts';
import type { ProxyDraft } from './keyword.ts';
import type { DefaultsModel, Model, ProxyModel } from './model.ts';
import { completeProxy, presetsOf } from './resolve.ts';

/** What `add backend` says, understood. */
export interface LateBackend {
  readonly name: string;
  readonly mode: ProxyModel['mode'];
  readonly guid: string;
}

/** The backend, unpublished; or what is wrong with it. */
export function readLateBackend(
  model: Model,
  from: DefaultsModel,
  { name, mode, guid }: LateBackend,
): ProxyModel | string {
  const diagnostics = new Diagnostics();
  const draft = newDraft(diagnostics, {}, () => null);
  draft.isRuntime = true;
  const place = { file: 'CLI', line: 0, column: 0 };
  const made = newProxyDraft('backend', place, name, asDraft(from));
  Object.assign(made.model, { mode, guid, unpublished: true, id: freeId(model) });
  completeProxy(made, draft);
  if (diagnostics.alerts > 0) {
    return diagnostics.list.map(({ message }) => message).join('\n');
  }
  return { ...made.model, presets: presetsOf(made) };
}

function asDraft({ proxy, hasMode }: DefaultsModel): ProxyDraft {
  const draft = newProxyDraft('defaults', proxy.place, proxy.name, null);
  const [preset] = proxy.presets;
  const usual = preset === undefined ? null : { ...preset, model: preset.server };
  return {
    ...draft,
    model: proxy,
    hasMode,
    defaultServer: usual ?? draft.defaultServer,
    hasDefaultServer: usual !== null,
  };
}

/** The next number after those ever given: a deleted backend's is not given to another at once. */
function freeId({ proxies }: Model): number {
  return proxies.reduce((highest, { id }) => Math.max(highest, id), 1) + 1;
}
