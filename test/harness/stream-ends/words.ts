// What the stories of this folder share.

import { requestTo, type Story } from '../stream-ends.ts';

export const server = 'server s $origin';

/** Waits until the connection is closed by the proxy. */
export const whole =
  (text: string): Story['play'] =>
  async ({ client }) => {
    await client(text).closed;
  };

export const closing = 'connection: close\r\n';
export const simple = (path: string): Story['play'] => whole(requestTo(path, closing));
