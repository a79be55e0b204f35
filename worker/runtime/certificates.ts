// Certificates of the store while the process serves (management.txt 9.3: new, set, commit, abort,
// del, show, dump ssl cert). One transaction at a time, as in HAProxy; what is committed reaches
// every line that uses it.

import { certificateBlocks, chainOf } from '../../shared/config/issuer-chain.ts';
import { noWords } from '../../shared/config/certificates.ts';
import { type CertificateModel, entriesOf } from '../../shared/config/model-certificates.ts';
import { isGone, type Model } from '../../shared/config/model.ts';
import { certificateId } from '../../shared/ocsp.ts';
import {
  type Answer,
  failure,
  notice,
  type RuntimeCall,
  type RuntimeCommandDef,
  type RuntimeMessage,
} from './command.ts';
import type { RuntimeContext } from './context.ts';
import { certificatesIn, certificateText, chainText, isPair, keyIn, withoutGaps } from './pem.ts';

interface Transaction {
  readonly name: string;
  readonly certificate: CertificateModel;
}

/** By the model of a worker: a worker has one. */
const transactions = new WeakMap<Model, Transaction>();

const modelOf = ({ stats }: RuntimeContext): Model => stats.model;

/** A certificate that is still to be filled. */
const emptyCertificate: CertificateModel = {
  pem: '',
  keyPem: '',
  issuerPem: '',
  ocsp: '',
  sctl: '',
  jwt: false,
  words: { ...noWords, from: 'runtime' },
};

/** How many lines show it. */
export function usesOf(model: Model, name: string): number {
  let uses = 0;
  for (const { binds, servers } of model.proxies) {
    for (const { ssl } of binds) {
      if (ssl === null) continue;
      for (const entry of entriesOf(model, ssl.crts)) if (entry.certificate === name) uses++;
    }
    for (const server of servers) if (!isGone(server) && server.ssl?.crt === name) uses++;
  }
  return uses;
}

// ---- changes ----

function create({ context, words: [name] }: RuntimeCall): Answer {
  if (name === undefined) return failure("'new ssl cert' expects a filename");
  if (name in modelOf(context).certificates) {
    return failure(`Certificate '${name}' already exists!`);
  }
  context.tlsFiles.put({ certificates: { [name]: emptyCertificate } });
  return notice(`New empty certificate store '${name}'!`);
}

type Parts = Partial<Pick<CertificateModel, 'pem' | 'keyPem' | 'issuerPem' | 'ocsp' | 'sctl'>>;

/** Parts of a certificate that are set by themselves: what a payload comes to, null: nothing. */
const parts: Readonly<Record<string, (payload: string, before: CertificateModel) => Parts | null>> =
  {
    key: (payload) => (keyIn(payload) === '' ? null : { keyPem: payload }),
    issuer: (payload) => (hasCertificate(payload) ? { issuerPem: payload } : null),
    ocsp: (payload) => {
      const ocsp = Buffer.from(payload, 'base64').toString('latin1');
      return ocsp === '' ? null : { ocsp };
    },
    sctl: (payload) => ({ sctl: Buffer.from(payload, 'base64').toString('latin1') }),
  };

const hasCertificate = (pem: string): boolean => (certificatesIn(pem)?.length ?? 0) > 0;

/** A whole certificate; without a key it keeps the one it has. */
function whole(payload: string, before: CertificateModel): Parts | null {
  if (!hasCertificate(payload)) return null;
  const keyPem = keyIn(payload) === '' ? before.keyPem || keyIn(before.pem) : '';
  return { pem: payload, keyPem };
}

interface Meant {
  readonly name: string;
  readonly read: (payload: string, before: CertificateModel) => Parts | null;
}

/** `NAME`, or a part of it: `NAME.key`, or with ssl-load-extra-del-ext of `NAME.crt`. */
function meantBy(context: RuntimeContext, file: string): Meant | null {
  const model = modelOf(context);
  const isKnown = (name: string): boolean =>
    name in model.certificates || transactions.get(model)?.name === name;
  if (isKnown(file)) return { name: file, read: whole };
  const [, stem, extension] = /^(.*)\.(key|issuer|ocsp|sctl)$/.exec(file) ?? [];
  if (stem === undefined) return null;
  const cut = model.global.ssl.loadExtraDelExt ? [`${stem}.crt`, stem] : [stem];
  const name = cut.find(isKnown);
  return name === undefined ? null : { name, read: parts[extension] };
}

function set({ context, words: [file], payload }: RuntimeCall): Answer {
  if (file === undefined || payload === '') {
    return failure("'set ssl cert' expects a filename and a certificate as a payload");
  }
  const refuse = (why: string): RuntimeMessage => failure(`${why}\nCan't update ${file}!`);
  const model = modelOf(context);
  const meant = meantBy(context, file);
  const ongoing = transactions.get(model);
  if (ongoing !== undefined && ongoing.name !== (meant?.name ?? file)) {
    return refuse(
      `The ongoing transaction is about '${ongoing.name}' but you are trying to set '${file}'`,
    );
  }
  if (meant === null) {
    return refuse("Can't replace a certificate which is not referenced by the configuration!");
  }
  const before = ongoing?.certificate ?? model.certificates[meant.name];
  const read = meant.read(payload, before);
  if (read === null) return refuse("Can't load the payload");
  transactions.set(model, { name: meant.name, certificate: { ...before, ...read } });
  const done = ongoing === undefined ? 'created' : 'updated';
  return notice(`Transaction ${done} for certificate ${meant.name}!`);
}

function commit({ context, words: [name] }: RuntimeCall): Answer {
  if (name === undefined) return failure("'commit ssl cert' expects a filename");
  const model = modelOf(context);
  const transaction = transactions.get(model);
  const refuse = (why: string): RuntimeMessage => failure(`${why}\nCan't commit ${name}!`);
  if (transaction === undefined) return refuse('No ongoing transaction! !');
  if (transaction.name !== name) {
    return refuse(
      `The ongoing transaction is about '${transaction.name}' but you are trying to set '${name}'`,
    );
  }
  const { certificate } = transaction;
  const keyPem = keyIn(certificate.keyPem || certificate.pem);
  if (keyPem !== '' && !isPair(certificate.pem, keyPem)) {
    return refuse(`inconsistencies between private key and certificate loaded '${name}'.`);
  }
  transactions.delete(model);
  const fault = context.tlsFiles.put({ certificates: { [name]: certificate } });
  const head = `Committing ${name}${'.'.repeat(usesOf(model, name))}\n`;
  return fault === '' ? notice(`${head}Success!`) : failure(`${head}${fault}\nFailed!`);
}

function abort({ context, words: [name] }: RuntimeCall): Answer {
  if (name === undefined) return failure("'abort ssl cert' expects a filename");
  const model = modelOf(context);
  const transaction = transactions.get(model);
  if (transaction === undefined) return failure('No ongoing transaction!');
  if (transaction.name !== name) {
    const { name: ongoing } = transaction;
    return failure(
      `The ongoing transaction is about '${ongoing}' but you are trying to abort a transaction ` +
        `for '${name}'`,
    );
  }
  transactions.delete(model);
  return notice(`Transaction aborted for certificate '${name}'!`);
}

function remove({ context, words: [name] }: RuntimeCall): Answer {
  if (name === undefined) return failure("'del ssl cert' expects a certificate name");
  const model = modelOf(context);
  const refuse = (why: string): RuntimeMessage => failure(`Can't remove the certificate: ${why}`);
  if (transactions.get(model)?.name === name) {
    return refuse(`ongoing transaction for the certificate '${name}'`);
  }
  const stored = model.certificates[name];
  if (stored === undefined) return refuse(`certificate '${name}' doesn't exist!`);
  if (stored.jwt) {
    return refuse(`certificate '${name}' in use for JWT validation, can't be deleted!`);
  }
  if (usesOf(model, name) > 0) return refuse(`certificate '${name}' in use, can't be deleted!`);
  context.tlsFiles.put({ certificates: { [name]: null } });
  return notice(`Certificate '${name}' deleted!`);
}

// ---- show ----

function list(model: Model): string {
  const transaction = transactions.get(model);
  const open = transaction === undefined ? '' : `# transaction\n*${transaction.name}\n`;
  const names = Object.keys(model.certificates).toSorted();
  return `${open}# filename\n${names.map((name) => `${name}\n`).join('')}`;
}

interface Chosen {
  readonly name: string;
  readonly certificate: CertificateModel;
  readonly isOpen: boolean;
}

/** `*NAME` is the transaction about it, `\*NAME` a name that begins with a star. */
function chosenBy(model: Model, text: string): Chosen | null {
  const isOpen = text.startsWith('*');
  const name = text.replace(/^(\*|\\(?=\*))/, '');
  const transaction = transactions.get(model);
  const open = transaction?.name === name ? transaction.certificate : undefined;
  const certificate = isOpen ? open : model.certificates[name];
  return certificate === undefined ? null : { name, certificate, isOpen };
}

const notFound = failure(
  "Can't display the certificate: Not found or the certificate is a bundle!",
);

function show({ context, words: [wanted] }: RuntimeCall): Answer {
  const model = modelOf(context);
  if (wanted === undefined) return list(model);
  const chosen = chosenBy(model, wanted);
  if (chosen !== null) return detail(model, chosen);
  const of = wanted.endsWith('.ocsp') ? chosenBy(model, wanted.slice(0, -5)) : null;
  if (of === null) return notFound;
  const der = Buffer.from(of.certificate.ocsp, 'latin1');
  const text = der.length === 0 ? null : context.tlsFiles.open().describe('ocsp', der);
  return text === null ? failure('Certificate has no OCSP response') : withoutGaps(text);
}

function detail(model: Model, { name, certificate, isOpen }: Chosen): string {
  const { pem, jwt, words } = certificate;
  const [leaf, ...own] = certificatesIn(pem) ?? [];
  const chain = own.length === 0 ? chainOf(pem, model.issuerChains) : null;
  const above = chain === null ? own : (certificatesIn(chain.pem) ?? []);
  const used = usesOf(model, name) > 0 ? 'Used' : 'Unused';
  const committed = jwt ? 'Used for JWT verification' : used;
  const status = leaf === undefined ? 'Empty' : isOpen ? 'Uncommitted' : committed;
  const head =
    `Filename: ${isOpen ? '*' : ''}${name}\n${filesText(name, certificate)}` +
    `Option: ocsp-update ${words.ocspUpdate === 'on' ? 'on' : 'off'}\n` +
    `Option: jwt ${jwt ? 'on' : 'off'}\nStatus: ${status}\n`;
  const chainName = chain === null ? '' : `Chain Filename: ${chain.file}\n`;
  const body = leaf === undefined ? '' : chainName + certificateText(leaf);
  return `${head}${body}${above.map(chainText).join('')}OCSP Response Key: ${keyOf(model, certificate)}\n`;
}

/** Which response belongs to it: its number in hexadecimal, '' without one. */
export function keyOf(model: Model, { pem, issuerPem, ocsp }: CertificateModel): string {
  if (ocsp === '') return '';
  return certificateId(pem, issuerPem || (chainOf(pem, model.issuerChains)?.pem ?? ''))?.key ?? '';
}

function filesText(name: string, { words }: CertificateModel): string {
  if (words.from === 'runtime') return '';
  const facts: readonly (readonly [string, string])[] = [
    ['Crt', name.startsWith('@') ? '' : name],
    ['Key', words.key],
    ['OCSP', words.ocsp],
    ['OCSP Issuer', words.issuer],
    ['SCTL', words.sctl],
  ];
  return facts
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `${label} filename: ${value}\n`)
    .join('');
}

/** Key, leaf, chain: as a file has them. */
function dump({ context, words: [wanted] }: RuntimeCall): Answer {
  const chosen = wanted === undefined ? null : chosenBy(modelOf(context), wanted);
  if (chosen === null) return notFound;
  const { pem, keyPem } = chosen.certificate;
  const pieces = [keyIn(keyPem || pem), ...certificateBlocks(pem)].filter((piece) => piece !== '');
  return pieces.map((piece) => `${piece}\n`).join('');
}

const row = (
  verb: string,
  help: string,
  run: RuntimeCommandDef['run'],
  usage = '<certfile>',
): RuntimeCommandDef => ({
  words: [verb, 'ssl', 'cert'],
  requires: 'admin',
  usage,
  help,
  run,
});

export const certificateCommands: readonly RuntimeCommandDef[] = [
  row('abort', 'give up what was set', abort),
  row('commit', 'put what was set in force', commit),
  row('del', 'delete a certificate that is not used', remove),
  row('dump', 'key, certificate and chain as PEM', dump, '[*]<certfile>'),
  row('new', 'a new, empty certificate', create),
  row('set', 'what is in a certificate', set, '<certfile> <payload>'),
  row('show', 'the certificates, or one of them', show, '[[*]<certfile>]'),
];
