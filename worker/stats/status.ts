// The word a server's state is shown by: UP, DOWN, MAINT, DRAIN, NOLB, 'UP 1/3', no check. Used
// by the statistics and by whoever logs a change. Follows the manual's column `status`
// (management.txt 9.1).

import * as state from '../../shared/segment/server-state.ts';

/** Text of a server's state. `via`: "backend/server" that it tracks, '' for none. */
export function serverStatus(server: state.ServerWords, via = ''): string {
  const { words, at } = server;
  const admin = words[at + state.serverAdmin];
  if ((admin & state.adminResolutionMaint) !== 0) return 'MAINT (resolution)';
  if ((admin & state.adminInheritedMaint) !== 0) return `MAINT (via ${via})`;
  if ((admin & state.adminMaint) !== 0) return 'MAINT';
  const operational = words[at + state.serverState];
  if (operational === state.stateStopped) return stoppedStatus(server);
  const checked = isEnabled(server);
  const falling = checked && words[at + state.serverHealth] < healthMax(server);
  const progress = falling ? ` ${healthLeft(server)}/${words[at + state.serverFall]}` : '';
  if (operational === state.stateStopping) return `NOLB${progress}`;
  if ((admin & state.adminDrain) !== 0) return `DRAIN${progress}`;
  return checked ? `UP${progress}` : 'no check';
}

function stoppedStatus(server: state.ServerWords): string {
  const { words, at } = server;
  const health = words[at + state.serverHealth];
  if (!isEnabled(server) || health === 0) return 'DOWN';
  return `DOWN ${health}/${words[at + state.serverRise]}`;
}

function isEnabled({ words, at }: state.ServerWords): boolean {
  return (words[at + state.serverCheckFlags] & state.checkEnabled) !== 0;
}

function healthMax({ words, at }: state.ServerWords): number {
  return words[at + state.serverRise] + words[at + state.serverFall] - 1;
}

/** Failed checks that are still missing until it is down. */
function healthLeft({ words, at }: state.ServerWords): number {
  return words[at + state.serverHealth] - words[at + state.serverRise] + 1;
}
