// One line of the bench's table, and how numbers become text. For run.ts and the rows that measure.

export interface Result {
  readonly row: string;
  readonly unit: string;
  readonly hawser: number;
  readonly haproxy: number;
  /** Highest allowed value of `measured`. */
  readonly budget: number;
  /** What the budget bounds: the ratio to haproxy, or hawser's own number. */
  readonly bounds: 'ratio' | 'value';
  /** What a reader must know, as requests that failed. */
  readonly note?: string;
}

export const ratioOf = ({ hawser, haproxy }: Result): number => hawser / haproxy;

export const isWithin = (result: Result): boolean =>
  (result.bounds === 'ratio' ? ratioOf(result) : result.hawser) <= result.budget;

const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

/** The table in Markdown. */
export function tableText(results: readonly Result[]): string {
  const lines = results.map((result) => {
    const { row, unit, hawser, haproxy, budget, bounds, note = '' } = result;
    const ratio = haproxy > 0 ? number(ratioOf(result)) : '-';
    const limit = `${number(budget)}${bounds === 'ratio' ? '' : ` ${unit}`}`;
    const cells = [row, `${number(hawser)} ${unit}`, `${number(haproxy)} ${unit}`, ratio];
    return [...cells, limit, isWithin(result) ? 'yes' : '**no**', note].join(' | ');
  });
  const heads = ['work', 'hawser', 'haproxy', 'ratio', 'budget', 'kept', 'note'];
  const all = [heads.join(' | '), heads.map(() => '---').join(' | '), ...lines];
  return all.map((line) => `| ${line} |\n`).join('');
}
