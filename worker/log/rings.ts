// The event rings of the process as one thread sees them, by name. Their memory is made by the
// control thread (worker/event-rings.ts); a check of the configuration has tiny ones of its own.

import type { RingModel } from '../../shared/config/model.ts';
import { EventRing, makeRing } from '../../shared/segment/event-ring.ts';

export interface LogRing {
  readonly model: RingModel;
  readonly ring: EventRing;
}

export class LogRings {
  /** In the order of the model. */
  readonly list: readonly LogRing[];
  private readonly byName: ReadonlyMap<string, LogRing>;

  /** `memory` by ring of the model; null: nothing will be written. */
  constructor(models: readonly RingModel[], memory: readonly Uint8Array[] | null) {
    this.list = models.map((model, index) => ({
      model,
      ring: new EventRing(memory === null ? makeRing(0) : memory[index]),
    }));
    this.byName = new Map(this.list.map((one) => [one.model.name, one]));
  }

  /** The loader has checked that it exists. */
  named(name: string): LogRing {
    const found = this.byName.get(name);
    if (found === undefined) throw new Error(`there is no ring '${name}'`);
    return found;
  }
}
