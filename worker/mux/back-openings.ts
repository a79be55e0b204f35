// The contract of what lies between connect and payload on connections to servers, by who knows
// PROXY headers and TLS (stream/openings.ts).

import type { Connection } from '../conn/connection.ts';
import type { OpeningStep } from '../conn/opening.ts';
import type { Server } from '../server/server.ts';
import type { Stream } from '../stream/stream.ts';

export interface BackOpenings {
  /** What two streams must have in common to share a connection: manual, http-reuse. '' mostly. */
  keyOf(stream: Stream, server: Server): string;
  /** The same where the name alone is known. */
  keyOfName(name: string): string;
  /**
   * Steps of a new connection for the stream that `keyOf` was asked about last. `protocol`: the one
   * that TLS offers, '' for those of the configuration.
   */
  stepsOf(stream: Stream, server: Server, protocol: string): readonly OpeningStep[];
  /** TLS of a connection that another thread of this process has begun. */
  adopt(connection: Connection, server: Server, handle: number): void;
}

const noSteps: readonly OpeningStep[] = [];

/** Clear connections without anything before the payload, shared by all. */
export const plainOpenings: BackOpenings = {
  keyOf: () => '',
  keyOfName: () => '',
  stepsOf: () => noSteps,
  adopt: () => undefined,
};
