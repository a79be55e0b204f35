// Where a stream is, as numbers: its state, the step of its request, and what has happened (flags).

/** `Stream.state`. */
export const stateFree = 0;
/** Request rules are being run, or wait for data or time. */
export const stateRules = 1;
/** Held by tarpit until its timeout. */
export const stateTarpit = 2;
/** Waiting for a slot of a server or backend. */
export const stateQueued = 3;
/** Waiting for a connection to the server, or for the turn-around before the next attempt. */
export const stateConnecting = 4;
/** The request is on its way; no response head yet. */
export const stateWaiting = 5;
/** Response rules wait for data or time. */
export const stateResponseRules = 6;
/** The response head has been handed on: payload flows. */
export const stateForwarding = 7;
/** The last bytes are leaving, nothing more is read. */
export const stateEnding = 8;

/** `Stream.step`: the next thing to run for a request; each is finished before the next begins. */
export const stepFrontContent = 0;
export const stepFrontRules = 1;
export const stepFrontStats = 2;
export const stepSwitch = 3;
export const stepBackContent = 4;
export const stepBackRules = 5;
export const stepBackStats = 6;
export const stepRedirects = 7;
export const stepAssign = 8;

/** `Stream.flags`. */
export const flagTcp = 1;
/** The request head (TCP: the first bytes) has left for the server. */
export const flagRequestSent = 2;
export const flagRequestDone = 4;
/** The server's head was accepted, or a reply of ours was sent. */
export const flagAnswered = 8;
export const flagResponseDone = 16;
export const flagTunnel = 32;
export const flagLogged = 64;
/** The response was made here. */
export const flagReplied = 128;
/** The client's side is closed or useless. */
export const flagFrontGone = 512;
/** The server's half of a TCP session was told that nothing more comes. */
export const flagBackFinished = 1024;
export const flagFrontFinished = 2048;
/** Not to be logged and not counted as a request: monitor. */
export const flagUnlogged = 4096;
/** The server's connection came from the idle pool. */
export const flagReused = 16384;
/** Bytes of a body were sent to the server: the request cannot be sent again. */
export const flagBodySent = 32768;
/** TCP mode: tcp-response content rules are still to be run over what the server says. */
export const flagInspects = 65536;
/** The request is kept and can be sent again (replay.ts). */
export const flagReplayable = 262144;
/** A TCP session has become HTTP: content rules of the frontend are over. */
export const flagSwitched = 524288;
/** It became so with its backend. */
export const flagSwitchedBack = 1048576;
