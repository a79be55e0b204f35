// `source` of backends and servers: the address that connections to servers come from.
// Shared by sections/proxy.ts and sections/server.ts; writes nothing itself.

import { parseAddress } from '../../address.ts';
import type { Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { AddressModel, SourceModel } from '../model.ts';
import { toAddressModel } from './bind.ts';

export interface SourceFound {
  readonly source: SourceModel;
  /** Argument index behind the last word that belongs to it. */
  readonly next: number;
}

/** Reads `ADDRESS[:PORT[-PORT]] [usesrc WHAT] [interface NAME]` from argument `at` on. */
export function readSource(line: Line, at: number, draft: Draft): SourceFound | null {
  const found = readAddress(line, at, draft, true);
  if (found === null) return null;
  let usesrc: Pick<SourceModel, 'usesrc' | 'usesrcAddress'> = { usesrc: '', usesrcAddress: null };
  let networkInterface = '';
  let next = at + 1;
  for (; next < line.count; next += 2) {
    const word = line.arg(next);
    if (word === 'usesrc') {
      const value = readUsesrc(line, next + 1, draft);
      if (value === null) return null;
      usesrc = value;
    } else if (word === 'interface') {
      networkInterface = line.arg(next + 1);
      if (networkInterface === '') {
        return line.alert(next + 1, "'interface' : missing interface name.");
      }
    } else break;
  }
  return { source: { ...found, interface: networkInterface, ...usesrc }, next };
}

function readAddress(
  line: Line,
  at: number,
  draft: Draft,
  range: boolean,
): (Pick<SourceModel, 'portLow' | 'portHigh'> & { address: AddressModel }) | null {
  const text = line.arg(at);
  if (text === '') return line.alert(at, "'source' expects <addr>[:<port>[-<port>]] as argument.");
  const { address, error } = parseAddress(text, {
    port: true,
    portRange: range,
    names: true,
    variables: draft.environment,
  });
  if (address === null) return line.alert(at, `'source' : ${error}`);
  const model = toAddressModel(address, draft);
  if (model === null) return line.alert(at, `'source' : could not resolve '${address.host}'.`);
  return { address: model, portLow: address.portLow, portHigh: address.portHigh };
}

function readUsesrc(
  line: Line,
  at: number,
  draft: Draft,
): Pick<SourceModel, 'usesrc' | 'usesrcAddress'> | null {
  const text = line.arg(at);
  if (text === '') {
    return line.alert(at, "'usesrc' expects <addr>[:<port>], 'client', or 'clientip' as argument.");
  }
  if (text === 'client' || text === 'clientip') return { usesrc: text, usesrcAddress: null };
  if (/^hdr_ip\([^,)]+(,-?\d+)?\)$/.test(text)) return { usesrc: text, usesrcAddress: null };
  const found = readAddress(line, at, draft, false);
  return found === null ? null : { usesrc: 'address', usesrcAddress: found.address };
}
