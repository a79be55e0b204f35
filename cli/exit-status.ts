// The exit statuses of the tool's words, as doc/tool.md tells them. HAProxy's flags have their own
// (management.txt chapter 3). Used by every word.

/** Done, and the answer is yes. */
export const statusDone = 0;
/** Done, and the answer is no: mistakes found, reload failed, command refused, not formatted. */
export const statusRefused = 1;
/** The command line makes no sense; nothing was done. */
export const statusUsage = 2;
/** There is no proxy to speak to at the socket. */
export const statusUnreachable = 3;
