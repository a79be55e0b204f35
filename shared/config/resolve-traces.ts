// The lines of `traces` sections, tried on settings that nobody uses: what they do not understand
// is an alert, what they list a warning. Called by resolve.ts.

import { runTrace, traceSinks } from '../trace/commands.ts';
import { makeTraces } from '../trace/settings.ts';
import type { Draft } from './draft.ts';

/** Reports mistakes. */
export function checkTraces({ traces, rings, diagnostics }: Draft): void {
  const sinks = traceSinks(rings.map(({ model }) => model));
  const scene = { words: makeTraces(), sinks };
  for (const { place, words, text: own } of traces) {
    const { text, isFault } = runTrace(scene, words);
    const shown = text.trimEnd();
    if (isFault) diagnostics.alert(place, shown, '', own);
    else if (text !== '' && words[0] !== '0')
      diagnostics.warning(place, `'trace': ${shown}`, '', own);
  }
}
