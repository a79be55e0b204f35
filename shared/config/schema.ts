// One JSON schema of the Model. test/finish-build.ts makes a validator of it at build time, which
// json.ts uses for configurations that arrive as JSON; text input never passes through it.
// Every field of the model's types must be here: the type checker sees to that.

import type {
  DefaultsModel,
  HttpErrorsModel,
  LogFileModel,
  LogForwardModel,
  LogOtlpModel,
  LogProfileModel,
  LogProfileStepModel,
  MailerModel,
  MailersModel,
  Model,
  RingModel,
  UserlistModel,
} from './model.ts';
import { modelVersion } from './model.ts';
import type { IssuerChainModel } from './model-certificates.ts';
import type { FcgiAppModel } from './model-fcgi.ts';
import type { HealthcheckModel } from './model-check.ts';
import { certificate, crtList, peers, resolvers } from './schema/sections.ts';
import {
  address,
  definitions,
  flag,
  line,
  list,
  map,
  natural,
  oneOf,
  optional,
  orNull,
  place,
  shape,
  text,
  type Schema,
} from './schema/words.ts';
import { error, proxy } from './schema/proxy.ts';
import { global, logTarget } from './schema/process.ts';
import { check, server } from './schema/server.ts';
import { bind } from './schema/bind.ts';

const model = shape<Model>({
  version: { const: modelVersion },
  files: list(text),
  global,
  proxies: list(proxy),
  defaults: list(shape<DefaultsModel>({ name: text, acls: list(line), proxy, hasMode: flag })),
  httpErrors: list(shape<HttpErrorsModel>({ name: text, errors: list(error) })),
  userlists: list(
    shape<UserlistModel>({
      name: text,
      users: list(
        shape<UserlistModel['users'][number]>({
          name: text,
          password: text,
          secure: flag,
          groups: list(text),
        }),
      ),
      groups: list(shape<UserlistModel['groups'][number]>({ name: text, users: list(text) })),
    }),
  ),
  logProfiles: list(
    shape<LogProfileModel>({
      place,
      name: text,
      tag: text,
      steps: list(
        shape<LogProfileStepModel>({
          step: text,
          drops: flag,
          format: orNull(line),
          structuredData: orNull(line),
        }),
      ),
    }),
  ),
  peers: list(peers),
  resolvers: list(resolvers),
  namespaces: list(text),
  mailers: list(
    shape<MailersModel>({
      place,
      name: text,
      timeoutMs: natural,
      mailers: list(shape<MailerModel>({ place, name: text, address })),
    }),
  ),
  healthchecks: list(shape<HealthcheckModel>({ place, name: text, check })),
  rings: list(
    shape<RingModel>({
      place,
      name: text,
      description: text,
      format: text,
      lengthMax: natural,
      sizeBytes: natural,
      backingFile: text,
      connectMs: optional,
      serverMs: optional,
      servers: list(server),
      file: orNull(
        shape<LogFileModel>({ path: text, sizeMax: natural, ageMaxMs: natural, keep: natural }),
      ),
      otlp: orNull(shape<LogOtlpModel>({ url: text, headers: list(list(text)) })),
    }),
  ),
  fcgiApps: list(
    shape<FcgiAppModel>({
      place,
      name: text,
      docroot: text,
      index: text,
      pathInfo: orNull(line),
      acls: list(line),
      params: list(line),
      passed: list(line),
      logs: list(logTarget),
      keepsConnections: flag,
      asksValues: flag,
      multiplexes: flag,
      requestMax: natural,
    }),
  ),
  traces: list(line),
  logForwards: list(
    shape<LogForwardModel>({
      place,
      name: text,
      binds: list(bind),
      datagramBinds: list(bind),
      logs: list(logTarget),
      maxconn: natural,
      backlog: natural,
      clientMs: optional,
      isOpaque: flag,
      isFramedByLine: flag,
      host: oneOf('replace', 'fill', 'keep', 'append'),
    }),
  ),
  contents: map(text),
  certificates: map(certificate),
  crtLists: map(crtList),
  issuerChains: list(shape<IssuerChainModel>({ file: text, pem: text })),
  patternFiles: list(text),
});

export const modelSchema: Schema = { ...model, $defs: definitions };
