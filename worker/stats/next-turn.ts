// How long answers leave other connections their turns: a piece that is none makes the applet go on
// in the next turn of the loop. Called where pieces are made, on proxy threads.

import type { Piece, PieceWriter } from '../stream/applet.ts';

/** A piece that is none: whoever asks for the next one does so in another turn of the loop. */
export class NextTurn implements PieceWriter {
  pauses: boolean;

  constructor() {
    this.pauses = false;
  }

  write(): number {
    this.pauses = !this.pauses;
    return this.pauses ? 0 : -1;
  }
}

/** The same pieces, about `bytesPerTurn` of them in one turn. */
export function* paced(
  pieces: Iterable<string | Uint8Array>,
  bytesPerTurn: number,
): Generator<Piece> {
  // The request before them has had its time, too.
  let left = 0;
  for (const piece of pieces) {
    if (left <= 0) {
      yield new NextTurn();
      left = bytesPerTurn;
    }
    yield piece;
    left -= piece.length;
  }
}
