import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshBindSsl } from '../../shared/config/fresh.ts';
import { loadConfiguration } from '../../shared/config/load.ts';
import type { BindSslModel, Model, ServerSslModel } from '../../shared/config/model.ts';
import type {
  Tls,
  TlsClientOptions,
  TlsContext,
  TlsSession,
  TlsSettings,
} from '../../shared/sys/tls.ts';
import { TlsClientPlan, TlsContexts } from './tls-contexts.ts';

/** Remembers what it was asked for; contexts that count how often they are freed. */
class RecordingTls implements Tls {
  readonly version = 'test';
  readonly asked: TlsSettings[] = [];
  freed = 0;

  describe(): null {
    return null;
  }

  private make(options: TlsSettings) {
    this.asked.push(options);
    const context: TlsContext = {
      isServer: true,
      generation: 0,
      session: () => assert.fail('no session is wanted'),
      renew: () => '',
      adopt: () => assert.fail('no session is wanted'),
      free: () => {
        this.freed++;
      },
    };
    return { context, error: '' } as const;
  }

  serverContext(options: TlsSettings) {
    return this.make(options);
  }

  clientContext(options: TlsSettings) {
    return this.make(options);
  }
}

function modelOf(lines: readonly string[]): Model {
  const text = `listen l\n${lines.map((line) => `  ${line}\n`).join('')}`;
  return loadConfiguration({ files: [], texts: [{ name: 'cfg', text }], environment: {} }).model;
}

const bindSsl: BindSslModel = {
  ...freshBindSsl(),
  crts: [{ kind: 'crt', name: '/a.pem', isDefault: true }],
  alpn: 'h2',
};

function serversOf(lines: readonly string[]): ServerSslModel[] {
  return modelOf(lines).proxies[0].servers.map(({ ssl }) => ssl!);
}

test('lines with equal words share a context, names apart', () => {
  const servers = serversOf([
    'server a :1 ssl verify none sni str(a)',
    'server b :1 ssl verify none sni str(b) verifyhost x no-ssl-reuse',
    'server c :1 ssl verify none ciphers A',
    'server d :1 ssl verify none no-sni-auto',
  ]);
  const tls = new RecordingTls();
  const contexts = new TlsContexts(() => tls, modelOf([]), null);
  const made = servers.map((words) => contexts.clientOf(words).context);
  assert.equal(made[0], made[1]);
  assert.notEqual(made[0], made[2]);
  assert.equal(made[0], made[3]);
  contexts.serverOf(bindSsl);
  contexts.serverOf({ ...bindSsl });
  contexts.serverOf({ ...bindSsl, alpn: '' });
  assert.equal(tls.asked.length, 4);
  contexts.free();
  assert.equal(tls.freed, 4);
});

test('the library is not asked for before a line wants TLS', () => {
  const contexts = new TlsContexts(() => assert.fail('loaded'), modelOf([]), null);
  contexts.free();
});

const versions: readonly (readonly [string, string, string, string])[] = [
  ['', '', 'TLSv1.2', ''],
  ['', 'TLSv1.3', 'TLSv1.2', 'TLSv1.3'],
  ['', 'TLSv1.1', 'TLSv1.1', 'TLSv1.1'],
  ['SSLv3', '', 'TLSv1.0', ''],
  ['TLSv1.3', '', 'TLSv1.3', ''],
];

test('limits of versions: TLS 1.2 is the oldest unless a line says otherwise', () => {
  for (const [sslMinVer, sslMaxVer, lowest, highest] of versions) {
    const tls = new RecordingTls();
    const contexts = new TlsContexts(() => tls, modelOf([]), null);
    contexts.serverOf({ ...bindSsl, sslMinVer, sslMaxVer });
    const [{ minVersion, maxVersion }] = tls.asked;
    assert.deepEqual([minVersion, maxVersion], [lowest, highest], `${sslMinVer} ${sslMaxVer}`);
  }
});

/** A session that leaves `left`; the rest is not asked for. */
const leaving = (left: string | null, resumed: boolean): TlsSession =>
  ({
    generation: 0,
    isResumed: () => resumed,
    exportSession: () => (left === null ? null : Buffer.from(left)),
  }) as Partial<TlsSession> as TlsSession;

test('what resumes a session is kept under the name it was made for', () => {
  const [words, never] = serversOf([
    'server a :1 ssl verify none',
    'server b :1 ssl verify none no-ssl-reuse',
  ]);
  const context = new RecordingTls().clientContext({} as TlsClientOptions).context;
  const plan = new TlsClientPlan(context, words);
  const seen = (name: string): string => String(plan.sessionFor(name) ?? '');
  plan.keep('a', leaving(null, false));
  assert.equal(seen('a'), '');
  plan.keep('a', leaving('one', false));
  assert.deepEqual([seen('a'), seen('b')], ['one', '']);
  plan.keep('a', leaving('two', true));
  assert.equal(seen('a'), 'one');
  plan.keep('b', leaving('three', false));
  assert.deepEqual([seen('a'), seen('b')], ['', 'three']);
  const quiet = new TlsClientPlan(context, never);
  quiet.keep('a', leaving('one', false));
  assert.equal(quiet.sessionFor('a'), null);
});
