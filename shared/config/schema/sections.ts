// JSON schema of the sections beside proxies: peers, resolvers, certificates.

import type { CertificateModel, CertificateWords, CrtListModel } from '../model-certificates.ts';
import type { HoldModel, NameserverModel, ResolversModel } from '../model-resolvers.ts';
import type { PeerModel, PeersModel, PeersTableModel, RedisModel } from '../model.ts';
import { server, stickTable } from './server.ts';
import {
  address,
  flag,
  integer,
  list,
  natural,
  oneOf,
  orNull,
  place,
  shape,
  text,
} from './words.ts';
import { logTarget } from './process.ts';
import { bind, bindSslFields } from './bind.ts';

export const peers = shape<PeersModel>({
  place,
  name: text,
  disabled: flag,
  shards: natural,
  bind: orNull(bind),
  peers: list(shape<PeerModel>({ name: text, isLocal: flag, shard: natural, server })),
  redis: orNull(
    shape<RedisModel>({
      server,
      user: text,
      password: text,
      database: natural,
      prefix: text,
      members: natural,
    }),
  ),
  logs: list(logTarget),
  tables: list(shape<PeersTableModel>({ name: text, table: stickTable })),
});

export const resolvers = shape<ResolversModel>({
  place,
  name: text,
  isImplicit: flag,
  nameservers: list(shape<NameserverModel>({ place, name: text, address, server: orNull(server) })),
  hold: shape<HoldModel>({
    nx: natural,
    refused: natural,
    timeout: natural,
    other: natural,
    valid: natural,
    obsolete: natural,
  }),
  retries: integer,
  resolveMs: natural,
  retryMs: natural,
  payloadBytes: natural,
});

export const certificate = shape<CertificateModel>({
  pem: text,
  keyPem: text,
  issuerPem: text,
  ocsp: text,
  sctl: text,
  jwt: flag,
  words: shape<CertificateWords>({
    from: oneOf('', 'list', 'store', 'runtime'),
    key: text,
    ocsp: text,
    issuer: text,
    sctl: text,
    ocspUpdate: oneOf('', 'on', 'off'),
    jwt: oneOf('', 'on', 'off'),
  }),
});

export const crtList = shape<CrtListModel>({
  lines: list(
    shape<CrtListModel['lines'][number]>({
      certificate: text,
      filters: list(text),
      ssl: orNull({ type: 'object', properties: bindSslFields, additionalProperties: false }),
      options: list(text),
      line: natural,
    }),
  ),
  isFolder: flag,
});
