// Which chain completes a certificate that came without one (manual 3.1, issuers-chain-path). Pure.

import { X509Certificate } from 'node:crypto';
import type { IssuerChainModel } from './model-certificates.ts';

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates of a text, each as PEM, the leaf first. */
export const certificateBlocks = (pem: string): string[] => pem.match(block) ?? [];

/** First certificates of chains, read once. */
const issuers = new WeakMap<IssuerChainModel, X509Certificate | null>();

function issuerOf(chain: IssuerChainModel): X509Certificate | null {
  const known = issuers.get(chain);
  if (known !== undefined) return known;
  const [first] = certificateBlocks(chain.pem);
  let issuer: X509Certificate | null = null;
  try {
    if (first !== undefined) issuer = new X509Certificate(first);
  } catch {
    // Not a certificate: it completes nothing.
  }
  issuers.set(chain, issuer);
  return issuer;
}

/** The chain whose first certificate has signed the only one of `pem`; null: none, or no need. */
export function chainOf(pem: string, chains: readonly IssuerChainModel[]): IssuerChainModel | null {
  if (chains.length === 0) return null;
  const blocks = certificateBlocks(pem);
  if (blocks.length !== 1) return null;
  try {
    const leaf = new X509Certificate(blocks[0]);
    return chains.find((chain) => issuerOf(chain)?.subject === leaf.issuer) ?? null;
  } catch {
    return null;
  }
}
