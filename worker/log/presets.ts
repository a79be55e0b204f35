// The log formats that options ask for (manual 8.2.2 to 8.2.5), and the line of a frontend that has
// none.

import type { Stream } from '../stream/stream.ts';
import type { LineBuffer } from './line.ts';

/** As `log-format` would have them. */
export const presetFormats: Readonly<Record<'tcp' | 'http' | 'https' | 'clf', string>> = {
  tcp: '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq',
  http:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc ' +
    '%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r',
  https:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc ' +
    '%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r ' +
    '%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] ' +
    '%[ssl_fc_sni]/%sslv/%sslc',
  clf:
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s ' +
    '%TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl',
};

/** The line of a frontend without a format: written when the exchange begins. */
export function writeConnect(stream: Stream, line: LineBuffer): void {
  const { source, destination } = stream;
  line.text('Connect from ');
  line.text(source.text());
  line.byte(58);
  line.number(source.port);
  line.text(' to ');
  line.text(destination.text());
  line.byte(58);
  line.number(destination.port);
  line.text(' (');
  line.text(stream.frontend.name);
  line.text(stream.frontend.isHttp ? '/HTTP)' : '/TCP)');
}
