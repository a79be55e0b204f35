// A row of the converter families that takes no arguments.
// Used by sample/converters only.

import type { Convert, ConverterDef } from '../../keyword.ts';
import type { SampleKind } from '../sample.ts';

/** A row without arguments; its name is its example. In brackets: what it takes and returns. */
export function simple(
  name: string,
  [takes, returns]: readonly [SampleKind, SampleKind],
  help: string,
  convert: Convert,
): ConverterDef {
  return { name, args: [], takes, returns, help, example: name, build: () => convert };
}
