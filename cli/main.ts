#!/usr/bin/env node
// The one binary. A word is the operator's tool (commands.ts, on yargs), HAProxy's flags are the
// proxy itself (master/main.ts). Decides which, and nothing else, so that a proxy starts without
// yargs.

const words = process.argv.slice(2);
const isFlags = words.length > 0 && (words[0].startsWith('-') || words[0] === '');

/**
 * `--help` and `--version` are the tool's: HAProxy has no long flags, and `--` alone is its list of
 * files.
 */
const isLong = /^--./.test(words[0] ?? '');

if (isFlags && !isLong) {
  const { runMaster } = await import('../master/main.ts');
  process.exit(await runMaster(words));
} else {
  const { runTool } = await import('./commands.ts');
  process.exit(await runTool(words));
}
