// The words of `bind` lines and of `global` that name certificates. What they read goes into the
// store of the draft, once for all lines.

import {
  findCertificates,
  readChains,
  readFolder,
  underBase,
  withoutSlashes,
} from '../certificates.ts';
import { type CrtListRows, readCrtList } from '../crt-list.ts';
import type { Draft } from '../draft.ts';
import { isDirectory } from '../files.ts';
import { type BindKeyword, type GlobalKeyword, indexRows, type WordCursor } from '../keyword.ts';
import type { BindModel } from '../model.ts';
import type { CertificateUse } from '../model-certificates.ts';
import { unsupportedBind } from '../unsupported.ts';
import { bindTlsKeywords } from './bind-tls.ts';

/** What may stand between the brackets of a crt-list. */
export const crtListRows: CrtListRows = {
  rows: indexRows('crt-list option', bindTlsKeywords),
  later: unsupportedBind,
};

function use(bind: BindModel, ...uses: readonly CertificateUse[]): void {
  if (bind.ssl !== null) bind.ssl.crts = [...bind.ssl.crts, ...uses];
}

/** `crt` and `default-crt`: a file, a bundle, a folder, or a name of a crt-store. */
function readCrt(cursor: WordCursor, bind: BindModel, draft: Draft, isDefault: boolean): void {
  const { line, index } = cursor;
  const text = line.arg(index + 1);
  if (text === '') {
    line.alert(index + 1, `'${line.arg(index)}' : missing certificate location`);
    return;
  }
  const path = underBase(draft.global.ssl.crtBase, text);
  if (!draft.certificates.has(path) && isDirectory(path)) {
    // The runtime API knows folders and what is in them without slashes at the end.
    const name = withoutSlashes(path);
    const error = readFolder(draft, name);
    if (error !== '') line.alert(index + 1, error);
    use(bind, { kind: 'list', name, isDefault });
    return;
  }
  const { names, error } = findCertificates(draft, path);
  if (error !== '') line.alert(index + 1, error);
  // All parts of a bundle that comes first are defaults. A path that failed is kept: its line must
  // not count as one without certificate.
  const isFirst = bind.ssl?.crts.length === 0;
  for (const name of names.length === 0 ? [path] : names) {
    use(bind, { kind: 'crt', name, isDefault: isDefault || isFirst });
  }
}

export const bindCrtKeywords: readonly BindKeyword[] = [
  {
    name: 'crt',
    takes: 1,
    tls: true,
    help: 'certificate with its key: a file, a folder of them, or a name of a crt-store',
    example: 'bind :443 ssl crt site.pem',
    parse: (cursor, bind, draft) => readCrt(cursor, bind, draft, false),
  },
  {
    name: 'default-crt',
    takes: 1,
    tls: true,
    help: 'a certificate that is shown when no name fits',
    example: 'bind :443 ssl default-crt site.pem',
    parse: (cursor, bind, draft) => readCrt(cursor, bind, draft, true),
  },
  {
    name: 'crt-list',
    takes: 1,
    tls: true,
    help: 'file of certificates with options and names',
    example: 'bind :443 ssl crt site.pem crt-list /dev/null',
    parse: ({ line, index }, bind, draft) => {
      const path = line.arg(index + 1);
      if (path === '') {
        line.alert(index + 1, "'crt-list' : missing certificate location");
        return;
      }
      const error = readCrtList(path, draft, crtListRows);
      if (error !== '') line.alert(index + 1, error);
      use(bind, { kind: 'list', name: path, isDefault: false });
    },
  },
];

const extraKinds = ['none', 'all', 'bundle', 'sctl', 'ocsp', 'issuer', 'key'];

export const globalCrtKeywords: readonly GlobalKeyword[] = [
  {
    name: 'ssl-load-extra-files',
    help: 'which files are looked for beside certificates',
    example: 'ssl-load-extra-files key bundle',
    parse: (line, global) => {
      const kinds = line.rest();
      const wrong = kinds.findIndex((kind) => !extraKinds.includes(kind));
      if (wrong >= 0) {
        line.alert(wrong, `'${line.name}' : unknown kind of file '${kinds[wrong]}'.`);
      } else if (kinds.length === 0) {
        line.alert(-1, `'${line.name}' expects one of '${extraKinds.join("', '")}'.`);
      } else {
        global.ssl.loadExtraFiles = kinds;
      }
    },
  },
  {
    name: 'ssl-load-extra-del-ext',
    help: 'names of such files end instead of .crt, not behind it',
    example: 'ssl-load-extra-del-ext',
    parse: (line, global) => {
      if (line.atMost(0)) global.ssl.loadExtraDelExt = true;
    },
  },
  {
    name: 'issuers-chain-path',
    help: 'folder of chains that complete certificates without one',
    example: 'issuers-chain-path /etc/ssl',
    parse: (line, _global, draft) => {
      const path = line.atMost(1) ? line.needed(0, 'a directory path') : null;
      const error = path === null ? '' : readChains(draft, path);
      if (error !== '') line.alert(0, error);
    },
  },
];
