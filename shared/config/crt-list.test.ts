import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateFolder } from '../../test/harness/certificate-files.ts';
import { splitListLine } from './crt-list.ts';
import { loadConfiguration } from './load.ts';
import { entriesOf } from './model-certificates.ts';

const splits: readonly (readonly [string, ReturnType<typeof splitListLine>])[] = [
  ['a.pem', { certificate: 'a.pem', options: [], filters: [] }],
  [' a.pem *.x !y.x ', { certificate: 'a.pem', options: [], filters: ['*.x', '!y.x'] }],
  [
    'a.pem [alpn h2  verify none]z',
    { certificate: 'a.pem', options: ['alpn', 'h2', 'verify', 'none'], filters: ['z'] },
  ],
  ['a.pem [alpn h2', "missing ']'"],
  ['a.pem alpn h2]', "missing '['"],
  ['a.pem [x] [y]', "too many '['"],
  ['a.pem x [y]', "filters can't be between filename and options"],
  ['[y]', 'file must start with a cert'],
];

test('a line of a list: certificate, options, names', () => {
  for (const [text, expected] of splits) assert.deepEqual(splitListLine(text), expected, text);
});

function load(lines: string, bind: string, global = '') {
  const text = `global\n  ${global}\n${lines}\nlisten l\n  mode http\n  timeout client 1s\n  bind :1 ssl ${bind}\n`;
  const { model, diagnostics } = loadConfiguration({
    files: [],
    texts: [{ name: 'cfg', text }],
    environment: {},
  });
  const said = diagnostics.list.map(({ file, line, message }) => `${file}:${line} ${message}`);
  return { model, said, uses: model.proxies[0]?.binds[0]?.ssl?.crts ?? [] };
}

test('lists, bundles, folders and crt-store lead to certificates in order', (context) => {
  const folder = certificateFolder({ after: (act) => context.after(act) });
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  put('two.pem.rsa', '-----BEGIN PRIVATE KEY-----\n');
  put('two.pem.ecdsa', '-----BEGIN PRIVATE KEY-----\n');
  put('site.crt', '-----BEGIN CERTIFICATE-----\n');
  put('site.key', '-----BEGIN PRIVATE KEY-----\n');
  put('all.list', '# none\n\nfirst.pem [verify none alpn h2] a.example *\n  two.pem !b.example\n');
  const { model, said, uses } = load(
    `crt-store\n  crt-base ${folder}\n  load crt site.crt key ${folder}/site.key alias site\n` +
      `crt-store web\n  load crt ${folder}/site.crt key ${folder}/site.key jwt on`,
    `crt-list ${folder}/all.list crt @/site default-crt @web${folder}/site.crt`,
    `crt-base ${folder}`,
  );
  assert.deepEqual(said, []);
  const entries = entriesOf(model, uses).map(({ certificate, filters, ssl, isDefault }) => [
    certificate.replace(folder, ''),
    filters.join(' '),
    ssl,
    isDefault,
  ]);
  assert.deepEqual(entries, [
    ['/first.pem', 'a.example *', { verify: 'none', alpn: 'h2' }, true],
    ['/two.pem.rsa', '!b.example', null, false],
    ['/two.pem.ecdsa', '!b.example', null, false],
    ['@/site', '', null, false],
    ['@web/site.crt', '', null, true],
  ]);
  assert.equal(model.certificates[`@web${folder}/site.crt`].jwt, true);
  assert.match(model.certificates['@/site'].keyPem, /PRIVATE KEY/);
  const short = load('', `crt ${folder}/site.crt`, 'ssl-load-extra-del-ext');
  assert.deepEqual(short.said, []);
  const bundle = load('', `crt ${folder}/two.pem crt ${folder}/first.pem`);
  assert.deepEqual(
    entriesOf(bundle.model, bundle.uses).map(({ isDefault }) => isDefault),
    [true, true, false],
  );
});

test('mistakes in lists and stores are said at their line', (context) => {
  const folder = certificateFolder({ after: (act) => context.after(act) });
  const list = join(folder, 'all.list');
  const saidOf = (line: string): string => {
    writeFileSync(list, `\n${line}\n`);
    return load('', `crt-list ${list}`).said.join('\n').replaceAll(folder, '');
  };
  const { pem } = { pem: join(folder, 'first.pem') };
  const cases: readonly (readonly [string, RegExp])[] = [
    [`${pem} [sslver 3]`, /^\/all.list:2 unknown ssl keyword sslver/],
    [`${pem} [alpn]`, /^\/all.list:2 ssl args out of '\[\]' for alpn/],
    [`${pem} [allow-0rtt]`, /^\/all.list:2 'allow-0rtt' is not supported yet/],
    [`${pem} [ocsp-update on]`, /'ocsp-update on' is not supported yet/],
    [`${pem} [acme x]`, /'acme' is not supported yet/],
    [`${folder}/none.pem`, /unable to read '\/none.pem' : No such file/],
    [`${pem}\n${pem} [jwt on]`, /incompatible parameters: it was used without any option/],
  ];
  for (const [line, expected] of cases) assert.match(saidOf(line), expected, line);
  const stores: readonly (readonly [string, RegExp])[] = [
    [`load crt ${pem}\n load crt ${pem}`, /store '.*first.pem' was already defined/],
    ['load key x', /mandatory 'crt' parameter not found/],
    [`load crt ${pem} alias /x`, /forbidden as the first character/],
    [`load crt ${pem}\n crt-base x`, /can't be used after a load line/],
    [`load crt ${pem} ocsp-update maybe`, /expects 'on' or 'off'/],
  ];
  for (const [lines, expected] of stores) {
    assert.match(load(`crt-store\n ${lines}`, `crt ${pem}`).said.join('\n'), expected, lines);
  }
  const none = load('', 'crt @/none');
  assert.match(none.said.join('\n'), /unable to read '@\/none' : no crt-store has it/);
  const bare = load('', `crt ${folder}/bare.crt`, 'ssl-load-extra-files none');
  assert.match(bare.said.join('\n'), /no private key found in/);
});
