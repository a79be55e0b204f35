// Options of the tool that are numbers. Used where the words are declared, for yargs and for
// mistakes.ts.

interface NumericOption {
  readonly alias?: string;
  readonly default?: number;
  readonly describe: string;
  readonly range: readonly [number, number];
}

/** A number; mistakes.ts refuses what is out of its range. */
export const numeric = <T extends NumericOption>(option: T) =>
  ({ type: 'number', ...option }) as const;
