// `show ssl sni` (management.txt 9.3): which certificate answers which server name, and until when.

import { isGone, type Model, type ProxyModel } from '../../shared/config/model.ts';
import { entriesOf } from '../../shared/config/model-certificates.ts';
import { parseTime } from '../../shared/units.ts';
import { certificateNames } from '../../shared/sys/openssl-certificate.ts';
import { type Answer, failure, type RuntimeCall, type RuntimeCommandDef } from './command.ts';
import { certificatesIn, kindText } from './pem.ts';

interface Options {
  frontend: string | null;
  onlyExpired: boolean;
  offsetMs: number;
}

/** A string says what is wrong. */
function readOptions(words: readonly string[]): Options | string {
  const options: Options = { frontend: null, onlyExpired: false, offsetMs: 0 };
  for (let at = 0; at < words.length; at++) {
    if (words[at] === '-A') {
      options.onlyExpired = true;
    } else if (words[at] === '-f' && words[at + 1] !== undefined) {
      options.frontend = words[++at];
    } else if (words[at] === '-t' && words[at + 1] !== undefined) {
      const { value, fault } = parseTime(words[++at], 's');
      if (fault !== '') return `Invalid offset '${words[at]}'!`;
      options.offsetMs = value * 1000;
    } else {
      return `Invalid parameters, 'show ssl sni' only supports '-f', '-A' and '-t' options!`;
    }
  }
  return options;
}

const heading = '# Frontend/Bind\tSNI\tNegative Filter\tType\tFilename\tNotAfter\tNotBefore\n';

function* rowsOf(model: Model, proxy: ProxyModel, expiredAt: number | null): Iterable<string> {
  for (const { ssl, place } of proxy.binds) {
    if (ssl === null) continue;
    const found: (readonly [name: string, row: string])[] = [];
    for (const { certificate, filters } of entriesOf(model, ssl.crts)) {
      const [leaf] = certificatesIn(model.certificates[certificate]?.pem ?? '') ?? [];
      if (leaf === undefined) continue;
      if (expiredAt !== null && expiredAt <= Date.parse(leaf.validTo)) continue;
      const names = filters.length === 0 ? certificateNames(leaf) : filters;
      const excluded = names.filter((name) => name.startsWith('!') && name !== '!*');
      for (const name of new Set(names.map((one) => one.toLowerCase()))) {
        if (name.startsWith('!')) continue;
        const isWild = name.startsWith('*');
        const not = isWild && excluded.length > 0 ? `${excluded.toSorted().join(' ')} ` : '-';
        const facts = [kindText(leaf), certificate, leaf.validTo, leaf.validFrom].join('\t');
        const at = `${proxy.name}/${place.file}:${place.line}`;
        found.push([isWild ? `~${name}` : name, `${at}\t${name}\t${not}\t${facts}\n`]);
      }
    }
    for (const [, row] of found.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))) yield row;
  }
}

function show({ context, words }: RuntimeCall): Answer {
  const options = readOptions(words);
  if (typeof options === 'string') return failure(options);
  const { frontend, onlyExpired, offsetMs } = options;
  const { model } = context.stats;
  const fronts = model.proxies.filter((proxy) => proxy.kind !== 'backend' && !isGone(proxy));
  const chosen = fronts.filter(({ name }) => frontend === null || name === frontend);
  if (frontend !== null && chosen.length === 0) {
    return failure("Couldn't find the specified frontend!");
  }
  const expiredAt = onlyExpired ? context.sys.wallUs() / 1000 + offsetMs : null;
  const rows = chosen.flatMap((proxy) => [...rowsOf(model, proxy, expiredAt)]);
  return heading + rows.join('');
}

export const sniCommand: RuntimeCommandDef = {
  words: ['show', 'ssl', 'sni'],
  requires: 'admin',
  usage: '[-f <frontend>] [-A] [-t <offset>]',
  help: 'server names and their certificates',
  run: show,
};
