// Cookie persistence (manual 4.2, cookie): which server a request's cookie names, and the cookie of the
// response. Edits the messages' headers; owns no state but what it notes in the stream.
import type { Stream } from '../stream/stream.ts';

export interface CookiePersistence {
  readRequest(stream: Stream): void;
  writeResponse(stream: Stream): boolean;
}
