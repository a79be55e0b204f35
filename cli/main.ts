#!/usr/bin/env node
// The one binary. A word is the operator's tool (commands.ts, on yargs), HAProxy's flags are the
// proxy itself (master/main.ts). Decides which, and nothing else, so that a proxy starts without
// yargs.

import { setEngineFlags } from '../shared/engine-flags.ts';

async function run(words: readonly string[]): Promise<number> {
  const isFlags = words.length > 0 && (words[0].startsWith('-') || words[0] === '');
  // `--help` and `--version` are the tool's: HAProxy has no long flags, and `--` alone is its list
  // of files.
  const isLong = /^--./.test(words[0] ?? '');
  if (isFlags && !isLong) {
    const { runMaster } = await import('../master/main.ts');
    return await runMaster(words);
  }
  const { runTool } = await import('./commands.ts');
  const status = await runTool(words);
  // A pipe takes what it has room for; the end must not come before the rest.
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((settle) => stream.write('', () => settle()));
  }
  return status;
}

setEngineFlags();
void run(process.argv.slice(2)).then((status) => process.exit(status));
