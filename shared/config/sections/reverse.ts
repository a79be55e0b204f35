// Reverse HTTP (manual, rhttp@): addresses of servers that connect to us, and of bind lines that
// connect to a server and then take requests from it. Called by bind.ts and server.ts.

import type { Draft } from '../draft.ts';
import type { BindKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { AddressModel } from '../model.ts';

/** Reports an address, or word, that is experimental and not allowed to be used. */
export function permitsExperimental(line: Line, at: number, what: string, draft: Draft): boolean {
  if (draft.global.exposeExperimental) return true;
  line.alert(
    at,
    `${what} is experimental, must be allowed via a global 'expose-experimental-directives'`,
  );
  return false;
}

/** Checks the addresses of a bind line: one that is reversed stands alone. */
export function checkReversed(line: Line, addresses: readonly AddressModel[], draft: Draft): void {
  const reversed = addresses.find(({ family }) => family === 'rhttp');
  if (reversed === undefined) return;
  if (!permitsExperimental(line, 0, `address 'rhttp@${reversed.host}'`, draft)) return;
  if (addresses.length > 1) line.alert(0, "'rhttp@' must be the only address of its line");
}

export const nbconnRow: BindKeyword = {
  name: 'nbconn',
  takes: 1,
  help: 'connections that a reversed bind line makes',
  example: 'bind rhttp@be/s nbconn 2',
  parse: (cursor, bind, draft) => {
    const { line, index } = cursor;
    const text = line.arg(index + 1);
    if (!permitsExperimental(line, index, "'nbconn'", draft)) return;
    if (bind.addresses[0]?.family !== 'rhttp') {
      line.alert(index, "'nbconn' : only valid for reverse HTTP listeners.");
    } else if (!/^\d{1,9}$/.test(text) || Number(text) === 0) {
      line.alert(index + 1, `'nbconn' : invalid value '${text}', must be above 0.`);
    } else {
      bind.nbconn = Number(text);
    }
  },
};
