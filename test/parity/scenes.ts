// Every scene, in the order of their files.

import type { Scene } from './scene.ts';
import { documentScenes } from './scenes/documents.ts';
import { messageScenes } from './scenes/messages.ts';
import { numberScenes } from './scenes/numbers.ts';
import { patternScenes } from './scenes/patterns.ts';
import { protocolScenes } from './scenes/protocols.ts';
import { textScenes } from './scenes/texts.ts';

export const scenes: readonly Scene[] = [
  ...textScenes,
  ...numberScenes,
  ...documentScenes,
  ...protocolScenes,
  ...messageScenes,
  ...patternScenes,
];
