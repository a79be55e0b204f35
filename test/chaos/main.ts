// The long chaos story: `node dist/test/chaos/main.js [SECONDS [TIMES]]`, 120 seconds once unless
// said otherwise. Ends with status 1 when a client saw an error.

import { runStory } from './story.ts';

const [seconds = 120, times = 1] = process.argv.slice(2).map(Number);
const owner = { after: () => undefined };
let failed = false;

for (let run = 1; run <= times; run++) {
  const seed = Number(process.env['HAWSER_SEED'] ?? Date.now() % 2 ** 31);
  const result = await runStory(owner, { servers: 20, clients: 16, seconds, seed });
  const { requests, changes, slowestMs, errors } = result;
  console.log(
    `run ${run}: seed ${seed}, ${requests} requests, ${changes} changes, ` +
      `slowest ${slowestMs.toFixed(0)} ms, ${errors.length} errors`,
  );
  for (const error of new Set(errors)) console.log(`  ${error}`);
  failed ||= errors.length > 0;
}
process.exitCode = failed ? 1 : 0;
