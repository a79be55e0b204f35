// A row of the converter families that takes no arguments.

import type { Convert, ConverterDef } from '../../keyword.ts';
import type { SampleKind } from '../sample.ts';

export function simple(
  name: string,
  takes: SampleKind,
  returns: SampleKind,
  help: string,
  convert: Convert,
): ConverterDef {
  return { name, args: [], takes, returns, help, example: name, build: () => convert };
}
