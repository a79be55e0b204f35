// What is said about the revocation of certificates (management.txt 9.3: show and set ssl
// ocsp-response), and which certificates tokens may be checked with (add, del, show ssl jwt).

import type { Model } from '../../shared/config/model.ts';
import type { CertificateModel } from '../../shared/config/model-certificates.ts';
import { chainOf } from '../../shared/config/issuer-chain.ts';
import { type CertificateId, certificateId } from '../../shared/ocsp.ts';
import { keyOf } from './certificates.ts';
import {
  type Answer,
  failure,
  information,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';
import type { RuntimeContext } from './context.ts';
import { withoutGaps } from './pem.ts';

const noModel = "'show ssl ocsp-response' expects a valid certid or certificate path.";

interface Entry {
  readonly name: string;
  readonly certificate: CertificateModel;
  readonly id: CertificateId;
}

function* entriesOf({ certificates, issuerChains }: Model): Iterable<Entry> {
  for (const [name, certificate] of Object.entries(certificates)) {
    const { pem, issuerPem, ocsp } = certificate;
    if (ocsp === '') continue;
    const id = certificateId(pem, issuerPem || (chainOf(pem, issuerChains)?.pem ?? ''));
    if (id !== null) yield { name, certificate, id };
  }
}

function list(model: Model): string {
  const rows = [...entriesOf(model)].map(
    ({ name, id }) =>
      `Certificate ID key : ${id.key}\nCertificate path : ${name}\n Certificate ID:\n` +
      `   Issuer Name Hash: ${id.nameHash.toUpperCase()}\n` +
      `   Issuer Key Hash: ${id.keyHash.toUpperCase()}\n` +
      `   Serial Number: ${id.serial.toUpperCase()}\n`,
  );
  return `# Certificate IDs\n${rows.join('')}`;
}

function show({ context, words }: RuntimeCall): Answer {
  const { model } = context.stats;
  if (words.length === 0) return list(model);
  const hasFormat = words[0] === 'text' || words[0] === 'base64';
  const wanted = words[hasFormat ? 1 : 0];
  if (wanted === undefined) {
    return failure("'show ssl ocsp-response [text|base64]' expects a valid certid.");
  }
  const entry = [...entriesOf(model)].find(({ name, id }) => name === wanted || id.key === wanted);
  if (entry === undefined) {
    const isKey = /^[0-9a-f]+$/.test(wanted);
    return failure(isKey ? 'Certificate ID or path does not match any certificate.' : noModel);
  }
  return responseText(context, entry.certificate, words[0] === 'base64');
}

/** The response of a certificate, as OpenSSL writes it or as base64. */
function responseText(
  { tlsFiles }: RuntimeContext,
  { ocsp }: CertificateModel,
  isBase64: boolean,
): Answer {
  const der = Buffer.from(ocsp, 'latin1');
  if (isBase64) return `${der.toString('base64')}\n`;
  const text = tlsFiles.open().describe('ocsp', der);
  return text === null ? failure('Unable to parse OCSP response') : withoutGaps(text);
}

/** The certificate is the one whose identifier the response has. */
function set({ context, words, payload }: RuntimeCall): Answer {
  const text = payload === '' ? words.join('') : payload;
  if (text === '') {
    return failure("'set ssl ocsp-response' expects response in base64 encoding.");
  }
  const der = Buffer.from(text, 'base64');
  const printed = der.length === 0 ? null : context.tlsFiles.open().describe('ocsp', der);
  if (printed === null) {
    return failure("'set ssl ocsp-response' received invalid base64 encoded response.");
  }
  const { model } = context.stats;
  const content = der.toString('hex');
  const found = Object.entries(model.certificates).find(([, certificate]) => {
    // A certificate that has no response yet may get its first one.
    const key = keyOf(model, { ...certificate, ocsp: certificate.ocsp || ' ' });
    return key !== '' && content.includes(key);
  });
  if (found === undefined) {
    return failure(
      'OCSP single response: Certificate ID does not match any certificate or issuer.',
    );
  }
  const [name, certificate] = found;
  const next = { ...certificate, ocsp: der.toString('latin1') };
  const fault = context.tlsFiles.put({ certificates: { [name]: next } });
  return fault === '' ? information('OCSP Response updated!') : failure(fault);
}

// ---- tokens ----

const setJwt =
  (isOn: boolean) =>
  ({ context, words: [name] }: RuntimeCall): Answer => {
    const verb = isOn ? 'add' : 'del';
    if (name === undefined) return failure(`'${verb} ssl jwt' expects a filename`);
    const certificate = context.stats.model.certificates[name];
    if (certificate === undefined) return failure(`certificate '${name}' doesn't exist!`);
    if (certificate.pem === '') return failure(`certificate '${name}' is empty!`);
    context.tlsFiles.put({ certificates: { [name]: { ...certificate, jwt: isOn } } });
    return '';
  };

function showJwt({ context }: RuntimeCall): Answer {
  const names = Object.entries(context.stats.model.certificates)
    .filter(([, { jwt }]) => jwt)
    .map(([name]) => `${name}\n`);
  return `# filename\n${names.toSorted().join('')}`;
}

export const ocspCommands: readonly RuntimeCommandDef[] = [
  {
    words: ['show', 'ssl', 'ocsp-response'],
    requires: 'admin',
    usage: '[[text|base64] <id>|<certfile>]',
    help: 'what is said about the revocation of certificates',
    run: show,
  },
  {
    words: ['set', 'ssl', 'ocsp-response'],
    requires: 'admin',
    usage: '<response>|<payload>',
    help: 'another response, in base64',
    run: set,
  },
  {
    words: ['add', 'ssl', 'jwt'],
    requires: 'admin',
    usage: '<certfile>',
    help: 'tokens may be checked with this certificate',
    run: setJwt(true),
  },
  {
    words: ['del', 'ssl', 'jwt'],
    requires: 'admin',
    usage: '<certfile>',
    help: 'tokens are not checked with this certificate any more',
    run: setJwt(false),
  },
  {
    words: ['show', 'ssl', 'jwt'],
    requires: 'admin',
    usage: '',
    help: 'certificates that tokens may be checked with',
    run: showJwt,
  },
];
