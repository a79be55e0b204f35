// What `setcap` (manual 3.1) keeps for one thread: the kernel gives capabilities to threads, and
// takes them from each when the process becomes another user. Made before that, claimed after.

import type { GlobalModel } from '../shared/config/model.ts';
import { errnoText } from '../shared/sys/errno.ts';
import type { Sys } from '../shared/sys/sys.ts';

export class ThreadRights {
  private readonly sys: Sys;
  private readonly capabilities: readonly number[];

  constructor(sys: Sys, { capabilities, uid }: Pick<GlobalModel, 'capabilities' | 'uid'>) {
    this.sys = sys;
    this.capabilities = uid > 0 ? capabilities : [];
    if (this.capabilities.length > 0) sys.keepCapabilities();
  }

  /** What went wrong, '': nothing. */
  claim(): string {
    if (this.capabilities.length === 0) return '';
    const result = this.sys.setCapabilities(this.capabilities);
    return result < 0 ? `setcap: capabilities cannot be kept: ${errnoText(-result)}` : '';
  }
}
