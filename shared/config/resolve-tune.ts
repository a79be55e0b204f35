// tune.* settings that depend on each other. Called by resolve.ts.

import { type Draft, finalWarning } from './draft.ts';

const nowhere = { file: '', line: 0, column: 0 };

/** Small buffers are smaller than others and large ones larger, or there are none. */
export function checkBufferSizes(draft: Draft): void {
  const { tune } = draft.global;
  const { bufsize, bufsizeLarge, bufsizeSmall } = tune;
  if (bufsizeLarge > 0 && bufsizeLarge < bufsize) {
    finalWarning(
      draft,
      nowhere,
      `tune.bufsize.large (${bufsizeLarge}) is lower than tune.bufsize (${bufsize}). large buffers ` +
        'support is disabled. Please fix either value to remove this warning.',
    );
  }
  if (bufsizeSmall > bufsize) {
    finalWarning(
      draft,
      nowhere,
      `invalid small buffer size ${bufsizeSmall} bytes which is greater than default bufsize ${bufsize} bytes.`,
    );
  }
  if (bufsizeLarge <= bufsize) tune.bufsizeLarge = 0;
  if (bufsizeSmall >= bufsize) tune.bufsizeSmall = 0;
}
