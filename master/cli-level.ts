// The three levels of a runtime API session (management.txt 9.3): what `level` on a socket grants.
// Called by the master CLI.

export type CliLevel = 'user' | 'operator' | 'admin';

const ranks: Readonly<Record<CliLevel, number>> = { user: 0, operator: 1, admin: 2 };

/** True when a session of level `has` may do what needs level `needed`. */
export const isAllowed = (has: CliLevel, needed: CliLevel): boolean => ranks[has] >= ranks[needed];
