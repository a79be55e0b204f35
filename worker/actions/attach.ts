// `attach-srv` (manual 4.3): a client becomes a server of a backend once HTTP/2 is established. The
// acceptor does it; the rule only says where and under which name.

import type { ServerModel } from '../../shared/config/model.ts';
import type { Act, ActionDef, Evaluate, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import { kindString } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';
import { isDone, takeWord } from './arguments.ts';

interface Target {
  readonly proxyIndex: number;
  readonly serverIndex: number;
  readonly server: ServerModel;
}

function buildAttach(words: WordCursor, scope: Scope): Act | null {
  if (!scope.model.global.exposeExperimental) {
    scope.alert(
      "'attach-srv' is experimental, must be allowed via a global 'expose-experimental-directives'",
    );
    return null;
  }
  if (scope.proxy?.mode !== 'http') {
    scope.alert("'attach-srv' needs 'mode http'");
    return null;
  }
  const target = takeTarget(words, scope);
  const name = target === null ? null : takeName(words, scope);
  if (target === null || name === null) return null;
  if (!isNameNeeded(target.server) === (name.evaluate === null)) {
    return attach(target, name.evaluate);
  }
  scope.alert(
    name.evaluate === null
      ? `'attach-srv' needs a name, connections of server '${target.server.name}' have one ` +
          '(pool-conn-name, sni)'
      : `'attach-srv' gives a name, server '${target.server.name}' asks for none: it needs ` +
          'pool-conn-name or sni',
  );
  return null;
}

function attach({ proxyIndex, serverIndex }: Target, evaluate: Evaluate | null): Act {
  return (stream) => {
    const name = evaluate === null ? '' : textOf(stream, evaluate);
    stream.session.attach = { proxyIndex, serverIndex, name };
    return verdictNext;
  };
}

function textOf(stream: Stream, evaluate: Evaluate): string {
  const { sample } = stream;
  sample.restart();
  return evaluate(stream, sample) ? sample.text : '';
}

/** BACKEND/SERVER; null after an alert. */
function takeTarget(words: WordCursor, scope: Scope): Target | null {
  const place = words.here();
  const text = takeWord(words, scope, 'BACKEND/SERVER');
  if (text === null) return null;
  const slash = text.indexOf('/');
  const proxyIndex = slash < 0 ? -1 : scope.backendIndex(text.slice(0, slash));
  const servers = proxyIndex < 0 ? [] : scope.model.proxies[proxyIndex].servers;
  const serverIndex = servers.findIndex(({ name }) => name === text.slice(slash + 1));
  if (serverIndex < 0) {
    scope.alertAt(place, `'attach-srv': no such server '${text}'`);
    return null;
  }
  const server = servers[serverIndex];
  if (server.address.family === 'rhttp') return { proxyIndex, serverIndex, server };
  scope.alertAt(place, `'attach-srv': server '${text}' has an address, it must be 'rhttp@'`);
  return null;
}

/** `name EXPR`, evaluate null when it is not there; null after an alert. */
function takeName(words: WordCursor, scope: Scope): { evaluate: Evaluate | null } | null {
  if (isDone(words)) return { evaluate: null };
  const place = words.here();
  if (words.next() !== 'name') {
    scope.alertAt(place, "expects 'name' and an expression, or nothing");
    return null;
  }
  const text = takeWord(words, scope, 'the expression of the name');
  const expression = text === null ? null : scope.expressionOf(text, kindString);
  return expression === null ? null : { evaluate: expression.evaluate };
}

/** Streams look for connections of a name: see compile/server-lines.ts. */
function isNameNeeded({ poolConnName, ssl }: ServerModel): boolean {
  return poolConnName !== '' || (ssl !== null && (ssl.sni !== '' || ssl.sniAuto));
}

export const attachments = [
  {
    name: 'attach-srv',
    sets: ['tcp-request session'],
    help: 'Makes the client a server of a backend, for servers that connect to us (rhttp@)',
    example: 'attach-srv be/dev',
    build: buildAttach,
  },
] as const satisfies readonly ActionDef[];
