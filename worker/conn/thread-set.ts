// The `thread` word of a bind line: which threads of this process may accept on it.

/**
 * `all`, `odd`, `even`, numbers and ranges (`1`, `2-4`, `1/2`: thread group 1 is all there is),
 * joined by commas. null: every thread. Threads count from 1 in the text and from 0 in the result.
 */
export function threadSet(text: string, threads: number): readonly number[] | null {
  if (text === '' || text === 'all') return null;
  const chosen = new Set<number>();
  for (const part of text.split(',')) {
    const range = part.includes('/') ? part.slice(part.indexOf('/') + 1) : part;
    for (const thread of members(range, threads)) chosen.add(thread);
  }
  const list = [...chosen].filter((thread) => thread < threads).sort((a, b) => a - b);
  return list.length === 0 || list.length === threads ? null : list;
}

function members(range: string, threads: number): number[] {
  const all = Array.from({ length: threads }, (_, index) => index);
  if (range === 'all' || range === '') return all;
  if (range === 'odd') return all.filter((index) => index % 2 === 0);
  if (range === 'even') return all.filter((index) => index % 2 === 1);
  const [first, last] = range.split('-');
  const from = Number.parseInt(first, 10) - 1;
  const to = last === undefined ? from : last === '' ? threads - 1 : Number.parseInt(last, 10) - 1;
  return all.filter((index) => index >= from && index <= to);
}
