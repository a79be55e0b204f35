// Balancing words of backends: algorithm, hashing, reuse of connections, retries.
// Rows write ProxyModel; the algorithms themselves live in worker/balance.

import { nearestWord } from '../hint.ts';
import type { ProxyDraft, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';

/** What may follow each algorithm; '' : nothing is wrong. */
const algorithms: Readonly<Record<string, (line: Line) => string>> = {
  roundrobin: () => '',
  'static-rr': () => '',
  leastconn: () => '',
  first: () => '',
  source: () => '',
  uri: checkUri,
  url_param: (line) =>
    line.count < 2
      ? 'url_param requires an URL parameter name.'
      : only(line, 2, ['check_post'], 'url_param only accepts'),
  hash: (line) =>
    line.count < 2
      ? 'hash requires a sample expression.'
      : line.count > 2
        ? `hash takes no other argument (got '${line.arg(2)}').`
        : '',
  hdr: (line) =>
    /^hdr\([^)]+\)/.test(line.arg(0))
      ? only(line, 1, ['use_domain_only'], 'hdr only accepts')
      : 'hdr requires an http header field name.',
  random: (line) =>
    /^random(\((0*[1-9]\d*)?\))?$/.test(line.arg(0))
      ? ''
      : 'random : number of draws must be at least 1.',
  sticky: () => '',
  'log-hash': (line) => (line.count < 2 ? 'log-hash requires a list of converters.' : ''),
  'rdp-cookie': (line) =>
    /^rdp-cookie(\([^)]+\))?$/.test(line.arg(0)) ? '' : 'rdp-cookie : missing cookie name.',
};

function only(line: Line, at: number, words: readonly string[], message: string): string {
  const word = line.arg(at);
  return word === '' || words.includes(word)
    ? ''
    : `${message} '${words.join("', '")}' (got '${word}').`;
}

function checkUri(line: Line): string {
  for (let index = 1; index < line.count; index++) {
    const word = line.arg(index);
    if (word === 'whole' || word === 'path-only') continue;
    if (word !== 'len' && word !== 'depth') {
      return `uri only accepts 'len', 'depth', 'path-only', and 'whole' (got '${word}').`;
    }
    const value = line.arg(++index);
    if (!/^0*[1-9]\d*$/.test(value)) {
      return `uri : '${word}' expects a positive integer (got '${value}').`;
    }
  }
  return '';
}

function setBalance(line: Line, proxy: ProxyDraft): void {
  const place = line.place(0);
  const word = line.arg(0);
  const name = word.replace(/\(.*/, '');
  if (word === '') {
    proxy.model.balance = null;
    return;
  }
  const check = algorithms[name];
  const problem = check === undefined ? unknownAlgorithm(word) : check(line);
  if (problem !== '') {
    const near = check === undefined ? nearestWord(word, Object.keys(algorithms)) : '';
    const hint = near === '' ? '' : `did you mean '${near}'?`;
    return void line.alert(0, `balance : ${problem}`, hint);
  }
  const inside = /\((.*)\)/.exec(word)?.[1];
  const words = [...(inside === undefined || inside === '' ? [] : [inside]), ...line.rest(1)];
  proxy.model.balance = { algorithm: name, words, place };
}

const unknownAlgorithm = (word: string): string =>
  `'${word}' is none of ${Object.keys(algorithms)
    .map((name) => `'${name}'`)
    .join(', ')}.`;

const hashMethods = ['map-based', 'consistent'];
const hashFunctions = ['sdbm', 'djb2', 'wt6', 'crc32', 'none'];

function setHashType(line: Line, proxy: ProxyDraft): void {
  const [method, ...rest] = line.rest();
  if (method === undefined || !hashMethods.includes(method)) {
    line.alert(0, "'hash-type' only supports 'consistent' and 'map-based'.");
    return;
  }
  const words = [...rest];
  if (hashFunctions.includes(words[0])) words.shift();
  if (words[0] === 'avalanche') words.shift();
  if (words.length > 0) {
    line.alert(
      line.count - words.length,
      `'hash-type' : unknown function or modifier '${words[0]}'.`,
    );
    return;
  }
  proxy.model.hashType = line.rest();
}

const retries = new Set(
  (
    'none conn-failure empty-response junk-response response-timeout 0rtt-rejected ' +
    'all-retryable-errors 401 403 404 408 421 425 429 500 501 502 503 504'
  ).split(' '),
);

function setRetryOn(line: Line, proxy: ProxyDraft): void {
  if (line.needed(0, 'at least one keyword') === null) return;
  const words = line.rest();
  const wrong = words.findIndex((word) => !retries.has(word));
  const none = words.indexOf('none');
  if (wrong >= 0) line.alert(wrong, `'retry-on' : unknown keyword '${words[wrong]}'.`);
  else if (none >= 0 && words.length > 1) {
    line.alert(none, "'retry-on' 'none' keyword only usable alone");
  } else proxy.model.retryOn = words.filter((word) => word !== 'none');
}

export const balanceKeywords: readonly ProxyKeyword[] = [
  {
    name: 'balance',
    side: 'back',
    defaults: 'yes',
    help: 'how servers are chosen',
    example: 'balance uri depth 3',
    parse: setBalance,
  },
  {
    name: 'hash-type',
    side: 'back',
    defaults: 'yes',
    help: 'how hashes become servers',
    example: 'hash-type consistent djb2 avalanche',
    parse: setHashType,
  },
  {
    name: 'hash-balance-factor',
    side: 'back',
    defaults: 'yes',
    help: 'percentage of the mean load that a server may have',
    example: 'hash-balance-factor 150',
    parse: (line, proxy) => {
      const value = line.atMost(1) ? line.integer(0, { max: 65_535 }) : null;
      if (value === null) return;
      if (value > 0 && value <= 100) {
        line.alert(0, "'hash-balance-factor' must be 0 or greater than 100.");
      } else proxy.model.hashBalanceFactor = value;
    },
  },
  {
    name: 'hash-preserve-affinity',
    side: 'back',
    defaults: 'yes',
    help: 'when a full server is left for the next',
    example: 'hash-preserve-affinity maxconn',
    parse: (line, proxy) => {
      const value = line.atMost(1) ? line.choice(0, ['always', 'maxconn', 'maxqueue']) : null;
      if (value !== null) proxy.model.hashPreserveAffinity = value;
    },
  },
  {
    name: 'http-reuse',
    side: 'back',
    defaults: 'yes',
    help: 'sharing of server connections between clients',
    example: 'http-reuse aggressive',
    parse: (line, proxy) => {
      const value = line.atMost(1)
        ? line.choice(0, ['never', 'safe', 'aggressive', 'always'])
        : null;
      if (value !== null) proxy.model.httpReuse = value;
    },
  },
  {
    name: 'retry-on',
    side: 'back',
    defaults: 'yes',
    help: 'what is tried again',
    example: 'retry-on conn-failure empty-response 503',
    parse: setRetryOn,
  },
];
