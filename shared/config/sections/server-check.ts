// The words of `server` lines about health: how its checks differ from its traffic, and its agent.
// Rows write ServerModel.checks and .agent; intervals and thresholds are rows of server.ts.

import { parseAddress } from '../../address.ts';
import type { Draft } from '../draft.ts';
import type { ServerKeyword, WordCursor } from '../keyword.ts';
import type { AddressModel, ServerModel } from '../model.ts';
import type { ServerCheckModel } from '../model-check.ts';
import {
  toAddressModel,
  wordChoice,
  wordInteger,
  wordProtocol,
  wordText,
  wordTime,
} from './bind.ts';
import { readAlpn } from './bind-tls.ts';

const switches: readonly (readonly [string, Partial<ServerCheckModel>, string])[] = [
  ['check-ssl', { ssl: 'on' }, 'TLS in health checks'],
  ['no-check-ssl', { ssl: 'off' }, 'no TLS in health checks'],
  ['check-sni-auto', { sniAuto: true }, 'checks ask for the name of their Host header'],
  ['no-check-sni-auto', { sniAuto: false }, 'checks ask for no name without check-sni'],
  ['check-reuse-pool', { reusePool: true }, 'HTTP checks use idle connections of the server'],
  ['no-check-reuse-pool', { reusePool: false }, 'checks have connections of their own'],
];

const switchRows = switches.map(
  ([name, fields, help]): ServerKeyword => ({
    name,
    takes: 0,
    help,
    example: `server s 127.0.0.1:80 check ${name}`,
    parse: (_cursor, { model }) => {
      Object.assign(model.checks, fields);
    },
  }),
);

type TextField = 'sni' | 'healthcheck' | 'poolConnName';

const texts: readonly (readonly [string, TextField, string])[] = [
  ['check-sni', 'sni', 'name that health checks ask for'],
  ['check-pool-conn-name', 'poolConnName', 'name that connections of checks are shared by'],
  ['healthcheck', 'healthcheck', 'healthcheck section that says how it is checked'],
];

const textRows = texts.map(
  ([name, field, help]): ServerKeyword => ({
    name,
    takes: 1,
    help,
    example: `server s 127.0.0.1:80 ${name} example.com`,
    parse: (cursor, { model }) => {
      model.checks[field] = wordText(cursor) ?? model.checks[field];
    },
  }),
);

/** An address that checks or agents are asked at; null after an alert. */
export function readProbeAddress(cursor: WordCursor, draft: Draft): AddressModel | null {
  const text = wordText(cursor);
  if (text === null) return null;
  const { line, index } = cursor;
  const name = line.arg(index);
  const { address, error } = parseAddress(text, {
    port: true,
    names: true,
    variables: draft.environment,
  });
  if (address === null) return line.alert(index + 1, `'${name}' : ${error}`);
  const found = toAddressModel(address, draft);
  return found ?? line.alert(index + 1, `'${name}' : could not resolve '${address.host}'.`);
}

/** Below it, a number without a unit is more likely meant as seconds. */
const plausibleMs = 100;

/** A time between checks or questions, above zero; null after an alert. */
export function readInterval(cursor: WordCursor, { name }: ServerModel): number | null {
  const { line, index } = cursor;
  const [word, text] = [line.arg(index), line.arg(index + 1)];
  const value = wordTime(cursor);
  if (value === 0) {
    return line.alert(index + 1, `invalid value 0 for argument '${word}' of server.`);
  }
  if (value !== null && value < plausibleMs && /^\d+$/.test(text)) {
    const what = `'${word} ${text}' in server '${name}'`;
    line.warning(
      index + 1,
      `${what} is suspiciously small for a value in milliseconds.`,
      `write '${text}ms' if that is meant`,
    );
  }
  return value;
}

const stateWords: readonly ServerKeyword[] = [
  {
    name: 'init-state',
    takes: 1,
    help: 'state that it starts with, until checks say more',
    example: 'server s 127.0.0.1:80 check init-state fully-down',
    parse: (cursor, { model }) => {
      const states = ['fully-up', 'up', 'down', 'fully-down', 'none'] as const;
      const state = wordChoice(cursor, states);
      if (state !== null) model.checks.initState = state === 'none' ? '' : state;
    },
  },
  {
    name: 'slowstart',
    takes: 1,
    help: 'time over which its weight grows once it is up again',
    example: 'server s 127.0.0.1:80 check slowstart 30s',
    parse: (cursor, { model }) => {
      const value = wordTime(cursor);
      // Whole seconds, as the reference counts them.
      if (value !== null) model.checks.slowstartMs = Math.ceil(value / 1000) * 1000;
    },
  },
  {
    name: 'on-marked-down',
    takes: 1,
    help: 'what becomes of its streams when it goes down',
    example: 'server s 127.0.0.1:80 check on-marked-down shutdown-sessions',
    parse: (cursor, { model }) => {
      if (wordChoice(cursor, ['shutdown-sessions']) !== null) model.checks.shutsWhenDown = true;
    },
  },
  {
    name: 'on-marked-up',
    takes: 1,
    help: 'what becomes of streams on backup servers when it comes up',
    example: 'server s 127.0.0.1:80 check on-marked-up shutdown-backup-sessions',
    parse: (cursor, { model }) => {
      const word = wordChoice(cursor, ['shutdown-backup-sessions']);
      if (word !== null) model.checks.shutsBackupsWhenUp = true;
    },
  },
];

const observeWords: readonly ServerKeyword[] = [
  {
    name: 'observe',
    takes: 1,
    help: 'errors of traffic count for its health',
    example: 'server s 127.0.0.1:80 check observe layer4',
    parse: ({ line, index }, { model }) => {
      const mode = line.arg(index + 1);
      if (mode === '') return void line.alert(index, "'observe' expects <mode> as argument.");
      const known = observeModes[mode];
      if (known !== undefined) model.checks.observe = known;
      else {
        const all = "'none', 'layer4', 'layer7'";
        line.alert(index + 1, `'observe' expects one of ${all} but got '${mode}'`);
      }
    },
  },
  {
    name: 'on-error',
    takes: 1,
    help: 'what as many errors of traffic do as error-limit says',
    example: 'server s 127.0.0.1:80 check observe layer4 on-error mark-down',
    parse: ({ line, index }, { model }) => {
      const word = line.arg(index + 1);
      const found = errorModes.find((one) => one === word);
      if (found !== undefined) model.checks.onError = found;
      else {
        const all = "'fastinter', 'fail-check', 'sudden-death' or 'mark-down'";
        line.alert(index + 1, `'on-error' expects one of ${all} but got '${word}'`);
      }
    },
  },
  {
    name: 'error-limit',
    takes: 1,
    help: 'errors of traffic, one after the other, that are too many',
    example: 'server s 127.0.0.1:80 check observe layer4 error-limit 5',
    parse: ({ line, index }, { model }) => {
      const text = line.arg(index + 1);
      if (text === '') return void line.alert(index, "'error-limit' expects an integer argument.");
      const value = Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0);
      if (value > 0) model.checks.errorLimit = value;
      else line.alert(index + 1, 'error-limit has to be > 0.');
    },
  },
];

const observeModes: Readonly<Record<string, ServerCheckModel['observe']>> = {
  none: '',
  layer4: 'layer4',
  layer7: 'layer7',
};
const errorModes = ['fastinter', 'fail-check', 'sudden-death', 'mark-down'] as const;

const agentWords: readonly ServerKeyword[] = [
  {
    name: 'agent-check',
    takes: 0,
    help: 'an agent is asked for the state of the server',
    example: 'server s 127.0.0.1:80 agent-check agent-port 9999',
    parse: (_cursor, { model }) => {
      model.agent.enabled = true;
    },
  },
  {
    name: 'no-agent-check',
    takes: 0,
    help: 'no agent is asked',
    example: 'server s 127.0.0.1:80 no-agent-check',
    parse: (_cursor, { model }) => {
      model.agent.enabled = false;
    },
  },
  {
    name: 'agent-addr',
    takes: 1,
    help: 'address of the agent',
    example: 'server s 127.0.0.1:80 agent-check agent-addr 127.0.0.2 agent-port 9999',
    parse: (cursor, { model }, draft) => {
      model.agent.address = readProbeAddress(cursor, draft) ?? model.agent.address;
    },
  },
  {
    name: 'agent-port',
    takes: 1,
    help: 'port of the agent',
    example: 'server s 127.0.0.1:80 agent-check agent-port 9999',
    parse: (cursor, { model }) => {
      model.agent.port = wordInteger(cursor, 1, 65_535) ?? model.agent.port;
    },
  },
  {
    name: 'agent-inter',
    takes: 1,
    help: 'time between two questions to the agent',
    example: 'server s 127.0.0.1:80 agent-check agent-port 9999 agent-inter 5s',
    parse: (cursor, { model }) => {
      model.agent.interMs = readInterval(cursor, model) ?? model.agent.interMs;
    },
  },
  {
    name: 'agent-send',
    takes: 1,
    help: 'text that the agent is sent',
    example: 'server s 127.0.0.1:80 agent-check agent-port 9999 agent-send s\\n',
    parse: (cursor, { model }) => {
      model.agent.send = wordText(cursor) ?? model.agent.send;
    },
  },
];

export const serverCheckKeywords: readonly ServerKeyword[] = [
  ...switchRows,
  ...textRows,
  ...agentWords,
  ...stateWords,
  ...observeWords,
  {
    name: 'check-alpn',
    takes: 1,
    help: 'protocols that health checks negotiate',
    example: 'server s 127.0.0.1:443 check check-ssl check-alpn h2,http/1.1',
    parse: (cursor, { model }) => {
      model.checks.alpn = readAlpn(cursor, ['h3']) ?? model.checks.alpn;
    },
  },
  {
    name: 'check-proto',
    takes: 1,
    help: 'protocol that HTTP checks speak',
    example: 'server s 127.0.0.1:80 check check-proto h2',
    parse: (cursor, { model }) => {
      model.checks.proto = wordProtocol(cursor, true) ?? model.checks.proto;
    },
  },
];
