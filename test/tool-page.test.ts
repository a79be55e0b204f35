// The page of the tool stays true: it has a section for every word, with every option of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTool } from './harness/tool.ts';

const page = readFileSync(join(process.cwd(), 'doc/tool.md'), 'utf8');

/** What completion offers, without what it means. */
async function offered(...words: readonly string[]): Promise<string[]> {
  const { out } = await runTool(['__complete', ...words]);
  return Array.from(out.matchAll(/^([^:\t\n]+)\t/gm), (found) => found[1]);
}

/** From its heading to the next one. */
function sectionOf(word: string): string {
  const at = page.indexOf(`\n## ${word}\n`);
  assert.ok(at >= 0, `no section '${word}'`);
  const end = page.indexOf('\n## ', at + 1);
  return page.slice(at, end < 0 ? page.length : end);
}

/** Said once for all words. */
const common = new Set(['--help', '--version', '-s']);
/** They explain themselves. */
const plain = new Set(['help', 'version']);

test('every word has its section, with every option', async () => {
  const words = (await offered('')).filter((word) => !plain.has(word));
  assert.ok(words.length > 9);
  for (const word of words) {
    const section = sectionOf(word);
    for (const option of await offered(word, '-')) {
      const isNamed = [option, option.replace('--', '--no-')].some((name) =>
        section.includes(name),
      );
      assert.ok(common.has(option) || isNamed || isAlias(option), `${word}: ${option}`);
    }
  }
});

/** Of options with two names, one is enough. */
const isAlias = (option: string): boolean =>
  /^-\w$|^--(request|header|data|user|cookie)$/.test(option);
