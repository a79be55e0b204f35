// `log-forward` sections (manual 12.6): where messages of others come in, and the log targets that
// get them. Rows write LogForwardModel; `bind` lines are read as those of a proxy.

import { splitAddresses, parseAddress } from '../../address.ts';
import { type Draft, type LogForwardDraft, newProxyDraft } from '../draft.ts';
import { freshBind } from '../fresh.ts';
import type { NamedKeyword, NamedSection } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { AddressModel, BindModel } from '../model.ts';
import { readBind, readBindWords, toAddressModel } from './bind.ts';
import { readLog } from './log-target.ts';

const maxconnDefault = 10;

/** Turns a switch on or off, as the word before the line says. */
function readSwitch(
  line: Line,
  { model }: LogForwardDraft,
  field: 'isOpaque' | 'isFramedByLine',
): void {
  if (line.atMost(0)) model[field] = line.modifier === '';
}

function readNumber(line: Line): number | null {
  return line.atMost(1) ? line.integer(0) : null;
}

function readDatagramBind(line: Line, { model }: LogForwardDraft, draft: Draft): void {
  const text = line.needed(
    0,
    'one or more addresses: [address]:port[-end], a path, or PREFIX@ and one of them',
  );
  if (text === null) return;
  const bind: BindModel = freshBind(line.place(-1), datagramAddresses(line, text, draft));
  if (bind.addresses.some(({ family }) => family === 'unix')) Object.assign(bind, draft.unixBind);
  readBindWords(line, 1, bind, draft);
  model.datagramBinds.push(bind);
}

function datagramAddresses(line: Line, text: string, draft: Draft): AddressModel[] {
  const rules = {
    port: true,
    portNeeded: true,
    portRange: true,
    fd: true,
    names: true,
    dgram: true,
    stream: false,
    pathPrefix: draft.global.unixBindPrefix,
    variables: draft.environment,
  };
  return splitAddresses(text).flatMap((part) => {
    const { address, error } = parseAddress(part, rules);
    const model = address === null ? null : toAddressModel(address, draft);
    if (address === null || model === null) {
      const why = address === null ? error : `could not resolve address '${address.host}'.`;
      line.alert(0, `'dgram-bind ${text}' : ${why}`);
      return [];
    }
    const ports = address.portHigh - address.portLow + 1;
    return Array.from({ length: ports }, (_, i) => ({ ...model, port: address.portLow + i }));
  });
}

const rows: readonly NamedKeyword<LogForwardDraft>[] = [
  {
    name: 'backlog',
    help: 'connections that may wait to be accepted',
    example: 'backlog 100',
    parse: (line, { model }) => {
      model.backlog = readNumber(line) ?? model.backlog;
    },
  },
  {
    name: 'bind',
    help: 'where messages come in over streams',
    example: 'bind 127.0.0.1:1514',
    parse: (line, { proxy }, draft) => readBind(line, proxy, draft),
  },
  {
    name: 'dgram-bind',
    help: 'where messages come in as datagrams',
    example: 'dgram-bind 127.0.0.1:1514',
    parse: readDatagramBind,
  },
  {
    name: 'log',
    help: 'a target that gets the messages',
    example: 'log ring@web local0',
    parse: (line, { model }, draft) => {
      const logs = readLog(line, model.logs, draft, draft.global.logs);
      if (logs !== null) model.logs = [...logs];
    },
  },
  {
    name: 'maxconn',
    help: 'connections at a time',
    example: 'maxconn 100',
    parse: (line, { model }) => {
      model.maxconn = readNumber(line) ?? model.maxconn;
    },
  },
  {
    name: 'option assume-rfc6587-ntf',
    help: 'messages are lines, whatever they begin with',
    example: 'option assume-rfc6587-ntf',
    parse: (line, forward) => readSwitch(line, forward, 'isFramedByLine'),
  },
  {
    name: 'option dont-parse-log',
    help: 'messages are forwarded as they came',
    example: 'option dont-parse-log',
    parse: (line, forward) => readSwitch(line, forward, 'isOpaque'),
  },
  {
    name: 'option host',
    help: 'where the host name of forwarded messages comes from',
    example: 'option host append',
    parse: (line, { model }) => {
      const strategies = ['replace', 'fill', 'keep', 'append'] as const;
      const host = line.atMost(1) ? line.choice(0, strategies) : null;
      if (host !== null) model.host = line.modifier === '' ? host : 'keep';
    },
  },
  {
    name: 'timeout client',
    help: 'how long a connection may be quiet',
    example: 'timeout client 1m',
    parse: (line, { model }) => {
      const value = line.atMost(1) ? line.time(0) : null;
      if (value !== null) model.clientMs = value;
    },
  },
];

const isNegatable = (name: string): boolean => name === 'log' || name.startsWith('option ');

function withoutModifier(row: NamedKeyword<LogForwardDraft>): NamedKeyword<LogForwardDraft> {
  if (isNegatable(row.name)) return row;
  return {
    ...row,
    parse: (line, forward, draft) => {
      if (line.modifier === '') row.parse(line, forward, draft);
      else line.alert(-1, `negation/default is not supported for '${row.name}'.`);
    },
  };
}

/** `log-forward NAME`. */
export const logForwardSection: NamedSection<LogForwardDraft> = {
  name: 'log-forward',
  rows: rows.map(withoutModifier),
  open: (line, draft) => {
    const name = line.arg(0);
    if (name === '') return line.alert(-1, 'missing name for log-forward section.');
    if (!line.atMost(1)) return null;
    const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
    if (bad !== null) {
      const message = `character '${bad[0]}' is not permitted in 'log-forward' name '${name}'.`;
      return line.alert(0, message);
    }
    reportTwin(line, name, draft);
    const place = line.place(-1);
    const proxy = newProxyDraft('frontend', place, name, null);
    const model: LogForwardDraft['model'] = {
      place,
      name,
      binds: proxy.model.binds,
      datagramBinds: [],
      logs: [],
      maxconn: maxconnDefault,
      backlog: 0,
      clientMs: -1,
      isOpaque: false,
      isFramedByLine: false,
      host: 'fill',
    };
    const forward = { model, proxy };
    draft.logForwards.push(forward);
    return forward;
  },
};

function reportTwin(line: Line, name: string, draft: Draft): void {
  const twin = draft.logForwards.find(({ model }) => model.name === name);
  const proxy = draft.proxyNames.get(name);
  const other = twin ?? proxy;
  if (other === undefined) return;
  const at = `${other.model.place.file}:${other.model.place.line}`;
  const message =
    twin === undefined
      ? `log forward section '${name}' has the same name as ${proxy?.section} '${name}' ` +
        `declared at ${at}.`
      : `log-forward section '${name}' has the same name as another log-forward section ` +
        `declared at ${at}.`;
  line.alert(0, message);
}
