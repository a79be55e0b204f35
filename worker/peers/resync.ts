// How far a section is with learning what others know: the flags of `show peers`, in HAProxy's
// numbers. The debug ones only tell what has happened so far.

export const resyncLocalFinished = 0x1;
export const resyncRemoteFinished = 0x2;
export const resyncAssigned = 0x4;
export const resyncState = resyncLocalFinished | resyncRemoteFinished;
export const debugLocalTimeout = 0x00100000;
export const debugRemoteTimeout = 0x00200000;
export const debugLocalAbort = 0x00400000;
export const debugRemoteAbort = 0x00800000;
export const debugLocalFinished = 0x01000000;
export const debugRemoteFinished = 0x02000000;
export const debugLocalPartial = 0x04000000;
export const debugRemotePartial = 0x08000000;
export const debugLocalAssigned = 0x10000000;
export const debugRemoteAssigned = 0x20000000;
