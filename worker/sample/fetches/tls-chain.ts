// Fetches of what belongs to the certificates of a session (manual 7.3.4): the chain that came
// along, the authority that a client was verified with, policies.

import { readPolicies } from '../../../shared/certificate.ts';
import type { FetchDef } from '../../keyword.ts';
import { kindBinary, kindString } from '../sample.ts';
import { plain } from './row.ts';
import {
  buildName,
  bytesOf,
  front,
  frontSession,
  nameArguments,
  type OwnerRow,
  owners,
} from './tls.ts';

const chains: readonly FetchDef[] = owners
  .filter(({ prefix }) => prefix !== 'ssl_f')
  .map((owner) =>
    plain(
      `${owner.prefix}_chain_der`,
      [kindBinary, owner.reads],
      `bytes of the chain of ${owner.what}`,
      (stream, out) => {
        const chain = owner.session(stream)?.peerChain() ?? [];
        let bytes = '';
        for (const der of chain) bytes += bytesOf(der);
        return bytes !== '' && out.setBinary(bytes);
      },
    ),
  );

/** The authority of a client, which is not part of what it has shown. */
const rootOwner: OwnerRow = {
  prefix: 'ssl_c',
  reads: front.reads,
  what: 'the authority of the client',
  session: frontSession,
  der: (session) => session.verifiedRoot(),
  known: new WeakMap(),
};

const clientFacts: readonly FetchDef[] = [
  {
    name: 'ssl_c_r_dn',
    args: nameArguments,
    returns: kindString,
    reads: front.reads,
    help: 'name of the authority that a client certificate was verified with',
    example: 'ssl_c_r_dn(CN)',
    build: (args, scope) => buildName(rootOwner, (certificate) => certificate.subject, args, scope),
  },
  {
    name: 'ssl_c_policies',
    args: [{ name: 'oid', type: 'string', optional: true }],
    returns: kindString,
    reads: front.reads,
    help: 'policies of the client certificate, or the one asked for',
    example: 'ssl_c_policies(2.5.29.32.0)',
    build: ([wanted]) => {
      const only = String(wanted ?? '');
      return (stream, out) => {
        const der = frontSession(stream)?.peerCertificate() ?? null;
        const names = der === null ? [] : readPolicies(der);
        if (only === '') return names.length > 0 && out.setText(names.join(', '));
        return names.includes(only) && out.setText(only);
      };
    },
  },
];

export const tlsChain: readonly FetchDef[] = [...chains, ...clientFacts];
