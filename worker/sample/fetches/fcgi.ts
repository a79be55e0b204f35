// What the FastCGI application of a stream's backend is told by its section (manual 7.3.6).

import type { FetchDef } from '../../keyword.ts';
import type { FcgiAppPlan } from '../../program.ts';
import { kindString } from '../sample.ts';
import { plain } from './row.ts';

const field = (name: string, help: string, read: (app: FcgiAppPlan) => string): FetchDef =>
  plain(name, [kindString, 'request-headers'], help, (stream, out) => {
    const { fcgi } = stream.backend;
    if (fcgi === null) return false;
    const text = read(fcgi.app);
    return text !== '' && out.setText(text);
  });

export const fcgi: readonly FetchDef[] = [
  field(
    'fcgi.docroot',
    'folder of the scripts of the FastCGI application',
    ({ docroot }) => docroot,
  ),
  field('fcgi.index', 'index script of the FastCGI application', ({ index }) => index),
];
