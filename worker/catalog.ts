// Every family of words the proxy can say, joined into tables. The only place that lists them; importing it
// does nothing. Used by worker/compile, by help and -dKall, and by the registry test.

import { capture } from './actions/capture.ts';
import { connection } from './actions/connection.ts';
import { drop } from './actions/drop.ts';
import { headers } from './actions/headers.ts';
import { headersBinary } from './actions/headers-binary.ts';
import { redirect } from './actions/redirect.ts';
import { uri } from './actions/uri.ts';
import { variables } from './actions/variables.ts';
import { verdict } from './actions/verdict.ts';
import { waiting } from './actions/waiting.ts';
import { type ActionDef, type ConverterDef, type FetchDef, table } from './keyword.ts';
import type { LogTagDef } from './log/tag.ts';
import { tags } from './log/tags.ts';

export const actions = table<ActionDef>(
  'action',
  verdict,
  redirect,
  headers,
  headersBinary,
  uri,
  variables,
  connection,
  waiting,
  capture,
  drop,
);

export const fetches = table<FetchDef>('fetch');

export const converters = table<ConverterDef>('converter');

export const logTags = table<LogTagDef>('log tag', tags);
