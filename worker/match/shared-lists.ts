// Which files of a model are shared by the threads of a process. Control thread, before they start.

import type { Model } from '../../shared/config/model.ts';
import { allocateSharedList } from './shared-list.ts';

/** Smaller files cost a thread little and are found a little faster as its own. */
const contentMin = 1 << 20;

/** Moves the contents of large lists and maps out of the model into memory that threads share. */
export function shareLists(model: Model): Record<string, SharedArrayBuffer> {
  const lists: Record<string, SharedArrayBuffer> = {};
  // The model is this process's own: nobody else reads what leaves it.
  const contents = model.contents as Record<string, string>;
  for (const path of model.patternFiles) {
    const content = contents[path];
    if (content === undefined || content.length < contentMin) continue;
    lists[path] = allocateSharedList(content);
    delete contents[path];
  }
  return lists;
}
