// `mailers` sections and `email-alert` lines (manual 4.2 and 12.3): who is told by mail when the
// state of a server changes.

import { parseAddress } from '../../address.ts';
import type { Draft } from '../draft.ts';
import type { NamedKeyword, NamedSection, ProxyDraft, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { EmailAlertModel, MailersModel } from '../model-mailers.ts';
import { toAddressModel } from './bind.ts';

const timeoutUsualMs = 10_000;
const levels = 'emerg alert crit err warning notice info debug'.split(' ');
const levelUsual = 1;

function readMailer(line: Line, section: MailersModel, draft: Draft): void {
  const [name, text] = [line.arg(0), line.arg(1)];
  if (name === '' || text === '') {
    line.alert(-1, "'mailer' expects <name> and <addr>[:<port>] as arguments.");
    return;
  }
  if (!line.atMost(2)) return;
  const { address, error } = parseAddress(text, {
    port: true,
    names: true,
    variables: draft.environment,
  });
  if (address === null) {
    line.alert(1, `'mailer ${name}' : ${error}`);
    return;
  }
  const found = toAddressModel(address, draft);
  if (found === null) line.alert(1, `'mailer' : could not resolve '${address.host}'.`);
  else if (found.port === 0) line.alert(1, `'mailer' : missing port specification in '${text}'.`);
  else if (found.family !== 'ipv4' && found.family !== 'ipv6') {
    line.alert(1, "'mailer' : expects an IPv4 or IPv6 address.");
  } else section.mailers.push({ place: line.place(-1), name, address: found });
}

const mailersKeywords: readonly NamedKeyword<MailersModel>[] = [
  {
    name: 'mailer',
    help: 'a mail server that gets every message',
    example: 'mailer smtp1 192.168.0.1:25',
    parse: readMailer,
  },
  {
    name: 'timeout',
    help: 'time for one message, from connecting to its acceptance',
    example: 'timeout mail 20s',
    parse: (line, section) => {
      const name = line.choice(0, ['mail']);
      const value = name === null || !line.atMost(2) ? null : line.time(1);
      if (value === null) return;
      if (value > 0) section.timeoutMs = value;
      else line.alert(1, "'timeout mail' must be above zero.");
    },
  },
];

/** `mailers NAME`. */
export const mailersSection: NamedSection<MailersModel> = {
  name: 'mailers',
  rows: mailersKeywords,
  open: (line, draft) => {
    const name = line.needed(0, 'a name');
    if (name === null || !line.atMost(1)) return null;
    const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
    if (bad !== null) {
      return line.alert(0, `character '${bad[0]}' is not permitted in 'mailers' name '${name}'.`);
    }
    const other = draft.mailers.find((section) => section.name === name);
    if (other !== undefined) {
      const { file, line: number } = other.place;
      const where = `declared at ${file}:${number}`;
      return line.alert(0, `mailers section '${name}' has the same name as another one ${where}.`);
    }
    const section = { place: line.place(-1), name, timeoutMs: timeoutUsualMs, mailers: [] };
    draft.mailers.push(section);
    return section;
  },
};

const texts: Readonly<Record<string, 'mailers' | 'from' | 'to' | 'hostname'>> = {
  mailers: 'mailers',
  from: 'from',
  to: 'to',
  myhostname: 'hostname',
};

function change(line: Line, { model }: ProxyDraft, fields: Partial<EmailAlertModel>): void {
  const place = line.place(-1);
  const before = { mailers: '', from: '', to: '', hostname: '', level: levelUsual };
  model.emailAlert = { place, ...before, ...model.emailAlert, ...fields };
}

function readAlert(line: Line, proxy: ProxyDraft): void {
  const [word, value] = [line.arg(0), line.arg(1)];
  const field = texts[word];
  if (word === '' || (field === undefined && word !== 'level')) {
    line.alert(
      0,
      `'email-alert' : unknown argument '${word}', expects 'from', 'level', 'mailers', ` +
        "'myhostname' or 'to'.",
    );
    return;
  }
  if (value === '') {
    line.alert(1, `'email-alert ${word}' expects a value.`);
    return;
  }
  // What is written into the head of a message stays in its line.
  if (/[\r\n]/.test(value)) {
    line.alert(1, `'email-alert ${word}' cannot have line breaks.`);
    return;
  }
  if (!line.atMost(2)) return;
  const level = levels.indexOf(value);
  if (field !== undefined) change(line, proxy, { [field]: value });
  else if (level >= 0) change(line, proxy, { level });
  else line.alert(1, `unknown log level '${value}' after 'email-alert level'.`);
}

export const emailAlertKeywords: readonly ProxyKeyword[] = [
  {
    name: 'email-alert',
    side: 'both',
    defaults: 'yes',
    help: 'mails when the state of a server changes',
    example: 'email-alert level notice',
    parse: readAlert,
  },
];
