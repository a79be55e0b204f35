// What the calls of the fake kernel share: descriptors, network, chance, and the work a fault hid.
// Used by sys.ts and the files that hold its calls.

import { EMFILE } from '../constants.ts';
import type { Description } from './descriptor.ts';
import type { Faults } from './faults.ts';
import { FakeNetwork } from './network.ts';
import type { FakeTable } from './table.ts';

export class FakeState {
  readonly network = new FakeNetwork();
  readonly table: FakeTable;
  readonly faults: Faults;
  /** Where a fault hid that work is left: their watchers hear of it at the next wait. */
  readonly #owed: Description[] = [];

  constructor(table: FakeTable, faults: Faults) {
    this.table = table;
    this.faults = faults;
  }

  /** Opens a descriptor. `make` is not called when there is none. */
  install(make: () => Description): number {
    if (!this.table.hasRoomFor(1) || this.faults.hits('noDescriptor')) return -EMFILE;
    return this.table.install(make());
  }

  installPair(first: Description, second: Description, into: Int32Array): number {
    if (!this.table.hasRoomFor(2) || this.faults.hits('noDescriptor')) return -EMFILE;
    into[0] = this.table.install(first);
    into[1] = this.table.install(second);
    return 0;
  }

  owe(description: Description): void {
    this.#owed.push(description);
  }

  /** Lets what was under way happen: the moment between two waits. */
  settle(): void {
    this.network.settle();
    for (const description of this.#owed.splice(0)) description.wakes.wake(description.events());
  }
}
