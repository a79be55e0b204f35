// Tables that stick rules name hold the server's number and key from then on (manual 4.2, "stick
// store-request"). Called once by resolve.ts.

import type { Draft } from './draft.ts';
import type { LineModel, ProxyModel, StickTableModel } from './model.ts';

const serverTypes = ['server_id', 'server_key'] as const;

/** A table that is missing is told when the rule is compiled. */
export function resolveStick(draft: Draft): void {
  for (const { model } of draft.proxies) {
    for (const rule of model.stickRules) resolveRule(model, rule, draft);
  }
}

/** The table that a stick or track line names: the word behind `table`, else the proxy's own. */
export function tableNameOf(words: readonly string[], proxyName: string): string {
  const end = words.findIndex((word) => word === 'if' || word === 'unless');
  const at = words.indexOf('table');
  return at > 0 && (end < 0 || at < end) ? (words[at + 1] ?? '') : proxyName;
}

function resolveRule(model: ProxyModel, rule: LineModel, draft: Draft): void {
  const name = tableNameOf(rule.words, model.name);
  const owner = draft.proxies.find(
    (one) => one.model.name === name && one.model.stickTable !== null,
  )?.model;
  if (owner?.stickTable) owner.stickTable = withServer(owner.stickTable);
  for (const { model: section } of draft.peers) {
    section.tables = section.tables.map((one) =>
      `${section.name}/${one.name}` === name ? { ...one, table: withServer(one.table) } : one,
    );
  }
}

function withServer(table: StickTableModel): StickTableModel {
  const { store } = table;
  const added = serverTypes.filter((type) => !store.some((one) => one.name === type));
  const more = added.map((type) => ({ name: type, length: 1, periodMs: 0 }));
  return more.length > 0 ? { ...table, store: [...store, ...more] } : table;
}
