// `help` and unknown commands of a worker's sessions: which commands a session is offered. The
// texts are made by shared/command-help.ts, which the master uses too. Called by session.ts.

import { helpOf, unknownOf } from '../../shared/command-help.ts';
import type { CommandTable, RuntimeCommandDef, SessionState } from './command.ts';

/** The answer to `help`, less what `words` leave out. */
export function helpText(table: CommandTable, session: SessionState, words: string[]): string {
  return helpOf(offered(table, session), words);
}

/** The answer to a line that is no command: those that begin alike. */
export function unknownText(table: CommandTable, session: SessionState, words: string[]): string {
  return unknownOf(offered(table, session), words);
}

function offered(table: CommandTable, session: SessionState): readonly RuntimeCommandDef[] {
  return table.all.filter(({ mode }) => {
    if (mode === 'expert') return session.expert;
    return mode !== 'experimental' || session.experimental;
  });
}
