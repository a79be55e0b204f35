// The families of runtime commands. What other folders add is handed in by worker/main.ts.

import { activityCommands } from './activity.ts';
import { anonymityCommands } from './anonymity.ts';
import { backendCommands } from './backends.ts';
import { caFileCommands } from './ca-files.ts';
import { certificateCommands } from './certificates.ts';
import { crtListCommands } from './crt-lists.ts';
import { ocspCommands } from './ocsp.ts';
import { CommandTable, type RuntimeCommandDef } from './command.ts';
import { eventCommands } from './events.ts';
import { debugCounterCommands } from './debug-counters.ts';
import { debugCommands } from './debug.ts';
import { dynamicCookieCommands } from './dynamic-cookies.ts';
import { dynamicServerCommands } from './dynamic-servers.ts';
import { errorCommands } from './errors.ts';
import { patternCommands } from './patterns.ts';
import { platformCommands } from './platform.ts';
import { peersCommands } from './peers.ts';
import { processCommands } from './process.ts';
import { profilingCommands } from './profiling.ts';
import { agentCommands } from './agents.ts';
import { resolverCommands } from './resolvers.ts';
import { serverCommands } from './servers.ts';
import { sessionListCommands } from './sessions.ts';
import { sessionCommands } from './session-commands.ts';
import { showCommands } from './show.ts';
import { tableCommands } from './tables.ts';
import { traceCommands } from './traces.ts';
import { variableCommands } from './variables.ts';

/** All commands: these and those of other features. */
export function runtimeCommands(
  ...others: readonly (readonly RuntimeCommandDef[])[]
): CommandTable {
  return new CommandTable(
    sessionCommands,
    showCommands,
    sessionListCommands,
    activityCommands,
    anonymityCommands,
    debugCommands,
    debugCounterCommands,
    errorCommands,
    platformCommands,
    profilingCommands,
    agentCommands,
    serverCommands,
    dynamicServerCommands,
    dynamicCookieCommands,
    backendCommands,
    processCommands,
    caFileCommands,
    certificateCommands,
    crtListCommands,
    ocspCommands,
    patternCommands,
    tableCommands,
    peersCommands,
    resolverCommands,
    variableCommands,
    eventCommands,
    traceCommands,
    ...others,
  );
}
