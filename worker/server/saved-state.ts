// What a file of server states says, applied to the words of a server that the configuration has
// just filled (manual 4.2, load-server-state-from-file). What the configuration has changed since
// wins over the file. Control thread, at start.

import type { SavedStateModel, ServerModel } from '../../shared/config/model.ts';
import {
  adminConfiguredMaint,
  adminForcedDrain,
  adminForcedMaint,
  adminNameChanged,
  checkConfigured,
  checkEnabled,
  checkPaused,
  type ServerWords,
  serverAdmin,
  serverAgentFlags,
  serverChangedAt,
  serverCheckFlags,
  serverCheckStatus,
  serverFall,
  serverHealth,
  serverRise,
  serverState,
  serverWeight,
  stateRunning,
  stateStarting,
  stateStopped,
  stateStopping,
} from '../../shared/segment/server-state.ts';

/** Only for words that the configuration has just filled. */
export function applySavedState(
  server: ServerWords,
  model: ServerModel,
  saved: SavedStateModel,
  nowSeconds: number,
): void {
  const { words, at } = server;
  const { state, health } = healthOf(saved, words[at + serverRise], words[at + serverFall]);
  words[at + serverState] = state;
  words[at + serverHealth] = health;
  words[at + serverCheckStatus] = saved.checkStatus;
  applyAdmin(server, model, saved);
  if (saved.weightConfigured === model.weight) words[at + serverWeight] = saved.weight;
  if ((saved.checkFlags & checkConfigured) !== 0 && (saved.checkFlags & checkEnabled) === 0) {
    words[at + serverCheckFlags] &= ~checkEnabled;
  }
  if ((saved.agentFlags & checkConfigured) !== 0 && (saved.agentFlags & checkEnabled) === 0) {
    words[at + serverAgentFlags] &= ~checkEnabled;
  }
  words[at + serverChangedAt] = nowSeconds - saved.sinceChangeSeconds;
  server.raiseRevision();
}

/** State and check counter, made to fit the rise and fall of now. */
function healthOf(
  { state, checkHealth }: SavedStateModel,
  rise: number,
  fall: number,
): { readonly state: number; readonly health: number } {
  const full = rise + fall - 1;
  switch (state) {
    case stateStopped:
      return { state, health: 0 };
    case stateStarting:
      if (rise === 1) return { state: stateRunning, health: full };
      return { state, health: checkHealth < 1 || checkHealth >= rise ? rise - 1 : checkHealth };
    case stateStopping:
      if (fall === 1) return { state: stateStopped, health: 0 };
      return { state, health: checkHealth < rise || checkHealth >= full ? rise : checkHealth };
    default:
      return { state: stateRunning, health: full };
  }
}

/** Maintenance follows the file as long as `disabled` is as it was; drain when it was forced. */
function applyAdmin(server: ServerWords, model: ServerModel, saved: SavedStateModel): void {
  const { words, at } = server;
  const configured = words[at + serverAdmin] & adminConfiguredMaint;
  const isSame = (saved.admin & adminConfiguredMaint) === configured;
  const wasForced = (saved.admin & adminForcedMaint) !== 0;
  const maintained = isSame ? wasForced : configured !== 0;
  if (maintained) {
    words[at + serverAdmin] |= adminForcedMaint;
    words[at + serverState] = stateStopped;
    words[at + serverHealth] = 0;
    words[at + serverCheckFlags] |= checkPaused;
    return;
  }
  if ((words[at + serverAdmin] & adminForcedMaint) !== 0) leaveMaintenance(server);
  if (saved.isRenamed) words[at + serverAdmin] |= adminNameChanged;
  const wasDrained = (saved.admin & adminForcedDrain) !== 0;
  if (wasDrained && (saved.weightConfigured > 0 || model.weight === 0)) {
    words[at + serverAdmin] |= adminForcedDrain;
  }
}

/** `disabled` is written, but the runtime API had enabled the server. */
function leaveMaintenance({ words, at }: ServerWords): void {
  words[at + serverAdmin] &= ~adminForcedMaint;
  words[at + serverCheckFlags] &= ~checkPaused;
}
