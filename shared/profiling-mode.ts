// What `profiling.tasks` and `set profiling tasks` may say. The control thread sends a mode as its
// number.

export const profilingModes = ['off', 'auto', 'on'] as const;
export type ProfilingMode = (typeof profilingModes)[number];
