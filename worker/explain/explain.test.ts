// Explanations of real configurations: what was looked at and why, where the request goes, and what
// it looks like there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RequestWords, readRequest } from '../../cli/explain/request.ts';
import { loadConfiguration } from '../../shared/config/load.ts';
import type { ExplainedStep, Explanation } from '../../shared/explanation.ts';
import { explainRequest } from './explain.ts';

const head = `defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
`;

const words: RequestWords = {
  request: '/',
  method: undefined,
  headers: [],
  data: undefined,
  user: undefined,
  cookie: undefined,
  from: '',
  frontend: '',
  repeat: 1,
  down: [],
  answer: 200,
  answerHeaders: [],
};

function explain(text: string, request: string, more: Partial<RequestWords> = {}): Explanation {
  const { model, diagnostics } = loadConfiguration({
    files: [],
    texts: [{ name: 'a.cfg', text: head + text }],
    environment: {},
  });
  assert.deepEqual(diagnostics.list, []);
  const asked = readRequest({ ...words, request, ...more });
  if (typeof asked === 'string') assert.fail(asked);
  return explainRequest(model, asked);
}

const brief = ({ steps }: Explanation): string[] =>
  steps.map(({ line, met, verdict }: ExplainedStep) => `${line} ${met} ${verdict}`);

const routed = `frontend web
  bind 127.0.0.1:80
  acl is_api path_beg /api
  http-request deny if { path_end .php } !{ src 10.0.0.0/8 }
  http-request set-var(txn.who) req.hdr(x-who),lower
  http-request set-header x-who "<%[var(txn.who)]>" unless !is_api
  use_backend api if is_api
  default_backend site
backend api
  balance leastconn
  http-request set-path /v2%[path]
  use-server two if { req.hdr(x-who) -m found }
  server one 192.0.2.7:81
  server two 192.0.2.7:82
  http-response set-header x-was %s
backend site
  server only 192.0.2.8:80
`;

test('rules in their order, what their conditions compared, and the server', () => {
  const told = explain(routed, 'http://x/api/1?q', { headers: ['X-Who: ME'] });
  assert.equal(told.fault, '');
  assert.equal(told.listener?.line, 7);
  assert.deepEqual(brief(told), [
    '9 0 ',
    '10 1 done',
    '11 1 done',
    '12 1 chosen',
    '16 1 done',
    '17 1 ',
    '20 1 done',
  ]);
  assert.deepEqual(told.steps[0].acls, [
    { text: 'path_end .php', name: '', line: 9, result: 0, values: ['"/api/1"'] },
  ]);
  assert.deepEqual(told.steps[2].acls, [
    { text: 'path_beg /api', name: 'is_api', line: 8, result: 1, values: ['"/api/1"'] },
  ]);
  assert.deepEqual(told.steps[1].values, [{ text: 'req.hdr(x-who),lower', value: '"me"' }]);
  assert.deepEqual([told.outcome, told.backend, told.server], ['server', 'api', 'two']);
  const { serverAddress, balance, reason } = told;
  assert.deepEqual([serverAddress, balance, reason], ['192.0.2.7:82', 'leastconn', 'persistence']);
  assert.match(told.request, /^GET \/v2\/api\/1\?q HTTP\/1\.1\r\n/);
  assert.match(told.request, /\r\nx-who: <me>\r\n/);
  assert.match(told.response, /^HTTP\/1\.1 200 OK\r\n[\s\S]*x-was: two\r\n/);
});

test('the default backend, and a rule that changes what later ones see', () => {
  const text = routed.replace('  use_backend', '  http-request set-path /\n  use_backend');
  const told = explain(text, '/api');
  assert.deepEqual([told.backend, told.server], ['site', 'only']);
  assert.equal(told.steps.find(({ line }) => line === 13)?.acls[0].values[0], '"/"');
});

test('a refusal, a redirect and a generated answer reach no server', () => {
  const denied = explain(routed, '/x.php', { from: '192.0.2.99' });
  assert.deepEqual([denied.outcome, denied.request, denied.backend], ['answered', '', '']);
  assert.deepEqual(brief(denied), ['9 1 refuses']);
  assert.deepEqual(
    denied.unreached.map(({ proxy, line }) => `${proxy} ${line}`),
    ['web 10', 'web 11', 'web 12'],
  );
  assert.match(denied.response, /^HTTP\/1\.1 403 /);
  const from10 = explain(routed, '/x.php', { from: '10.9.9.9' });
  assert.equal(from10.outcome, 'server');
  const lines =
    '  http-request redirect location /b if { path /a }\n  http-request return status 204\n';
  const text = `frontend f\n  bind :80\n${lines}`;
  assert.match(explain(text, '/a').response, /^HTTP\/1\.1 302 [\s\S]*location: \/b\r\n/);
  assert.deepEqual(brief(explain(text, '/c')), ['8 0 ', '9 1 answers']);
});

test('TLS is taken to be there, with the name that was asked for', () => {
  const text = `frontend clear
  bind :80
  http-request redirect scheme https unless { ssl_fc }
frontend secure
  bind :443 ssl crt /nowhere.pem alpn h2,http/1.1
  use_backend %[ssl_fc_sni,field(1,.)]
backend www
  server s 192.0.2.1:443 ssl verify none
`;
  // The certificate is the check's business, not this one's.
  const { model } = loadConfiguration({
    files: [],
    texts: [{ name: 'a.cfg', text: head + text }],
    environment: {},
  });
  const asked = readRequest({ ...words, request: 'https://www.example.com/' });
  if (typeof asked === 'string') assert.fail(asked);
  const told = explainRequest(model, asked);
  assert.deepEqual([told.listener?.proxy, told.backend, told.server], ['secure', 'www', 's']);
  assert.ok(told.notes.some((note) => note === 'the server gets this over TLS'));
});

test('the live dashboard is there, for those who may see it', () => {
  const text = `frontend f
  bind :80
  stats uri /stats
  stats dashboard
  stats auth ann:secret
`;
  assert.match(explain(text, '/stats/live').response, /^HTTP\/1\.1 401 /);
  const seen = explain(text, '/stats/live', { user: 'ann:secret' });
  assert.match(seen.response, /^HTTP\/1\.1 200 [\s\S]*the live dashboard$/);
});

test('names have no address, which is said', () => {
  const text = `resolvers r
  nameserver n 192.0.2.53:53
frontend f
  bind :80
  http-request do-resolve(txn.a,r) hdr(host)
  http-request deny unless { var(txn.a) -m found }
`;
  const told = explain(text, '/');
  assert.ok(told.notes.some((note) => note.startsWith('no name server answers')));
  assert.ok(!explain(routed, '/').notes.some((note) => note.startsWith('no name')));
});

test('in clear the same is sent away', () => {
  const text = 'frontend f\n  bind :80\n  http-request redirect scheme https unless { ssl_fc }\n';
  assert.match(explain(text, 'http://a/b').response, /\r\nlocation: https:\/\/a\/b\r\n/);
});

test('a tarpit passes its time, a body is waited for and arrives', () => {
  const tarpit = 'frontend f\n  bind :80\n  timeout tarpit 20s\n  http-request tarpit\n';
  const held = explain(tarpit, '/');
  assert.equal(held.outcome, 'answered');
  assert.ok(held.waitedMs >= 20_000 && held.waitedMs < 21_000, `${held.waitedMs}`);
  const wait = `frontend f
  bind :80
  http-request wait-for-body time 1s
  http-request deny if { req.body -m sub secret }
  default_backend b
backend b
  server s 192.0.2.1:80
`;
  assert.equal(explain(wait, '/', { data: 'a secret' }).outcome, 'answered');
  const sent = explain(wait, '/', { data: 'x'.repeat(100_000) });
  assert.equal(sent.outcome, 'server');
  assert.equal(sent.request.length, 100_000 + sent.request.indexOf('\r\n\r\n') + 4);
});

test('TCP mode, a PROXY header, and a connection that is closed', () => {
  const text = `frontend f
  mode tcp
  bind :5000 accept-proxy
  tcp-request connection expect-proxy layer4 if { always_false }
  tcp-request content reject if { src 192.0.2.66 }
  default_backend b
backend b
  mode tcp
  server s 192.0.2.1
`;
  const told = explain(text, '/', { from: '192.0.2.5' });
  assert.deepEqual([told.outcome, told.backend, told.server], ['server', 'b', 's']);
  const closed = explain(text, '/', { from: '192.0.2.66' });
  assert.equal(closed.outcome, 'closed');
  assert.equal(closed.steps.at(-1)?.verdict, 'closes the connection');
});

test('the listener that is meant, or which ones there are', () => {
  const text = `frontend a
  bind :80
  http-request return status 200
frontend b
  bind :81
  bind [::]:82
  http-request return status 200
`;
  assert.equal(explain(text, '/').listener?.proxy, 'a');
  assert.equal(explain(text, 'http://x:81/').listener?.proxy, 'b');
  assert.equal(explain(text, '/', { frontend: 'b' }).listener?.proxy, 'b');
  assert.equal(explain(text, '/', { from: '2001:db8::5', frontend: 'b' }).outcome, 'answered');
  assert.match(
    explain(text, 'http://x:99/').fault,
    /^nobody listens in clear at port 99; there are: a /,
  );
  assert.match(explain(text, '/', { frontend: 'c' }).fault, /there are: a, b$/);
  assert.match(explain('backend b\n', '/').fault, /^nothing listens/);
});

test('the log line, wherever it would go', () => {
  const text = `frontend f
  bind :80
  log stdout format raw local0
  log-format "%ci %HM %HP %ST"
  http-request return status 204
`;
  assert.deepEqual(explain(text, '/x', { from: '192.0.2.5' }).logs, ['192.0.2.5 GET /x 204']);
});

test('the so-manieth of equal requests meets what the others have counted', () => {
  const text = `frontend f
  bind :80
  stick-table type ip size 100 expire 10s store http_req_rate(10s)
  http-request track-sc0 src
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 3 }
  default_backend b
backend b
  balance roundrobin
  server one 192.0.2.1:80
  server two 192.0.2.2:80
`;
  const servers = [1, 2, 3, 4].map((repeat) => explain(text, '/', { repeat }).server);
  assert.deepEqual(servers, ['one', 'two', 'one', '']);
  const told = explain(text, '/', { repeat: 4 });
  assert.deepEqual(told.steps.at(-1)?.acls[0].values, ['4']);
  assert.match(told.response, /^HTTP\/1\.1 429 /);
  assert.ok(told.notes.includes('3 such requests have been answered, no others'));
});

test('servers that are down are passed over', () => {
  const down = ['site/only'];
  const told = explain(routed, '/', { down });
  assert.deepEqual([told.backend, told.outcome], ['site', 'answered']);
  assert.match(told.response, /^HTTP\/1\.1 503 /);
  assert.equal(
    explain(routed, '/api', { down: ['api/two'], headers: ['X-Who: me'] }).server,
    'one',
  );
  assert.equal(explain(routed, '/', { down: ['site/x'] }).fault, "there is no server 'site/x'");
});

test('why this server: its cookie, a table that knows the client, or the balance', () => {
  const text = `frontend f
  bind :80
  default_backend b
backend b
  balance roundrobin
  stick-table type ip size 100
  stick on src if { path /stick }
  cookie C insert
  server one 192.0.2.1:80 cookie k1
  server two 192.0.2.2:80 cookie k2
`;
  const of = (path: string, more: Partial<RequestWords>): string => {
    const { server, reason } = explain(text, path, more);
    return `${server} ${reason}`;
  };
  assert.equal(of('/', {}), 'one balance');
  assert.equal(of('/', { cookie: 'C=k2' }), 'two cookie');
  assert.equal(of('/', { repeat: 2 }), 'two balance');
  assert.equal(of('/stick', { repeat: 2 }), 'one persistence');
});

test('TLS that is passed on: its first message is looked into', () => {
  const text = `frontend f
  mode tcp
  bind :443
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.ssl_hello_type 1 }
  use_backend shop if { req.ssl_sni -i shop.example.com }
  default_backend other
backend shop
  mode tcp
  server s 192.0.2.1:443
backend other
  mode tcp
  server o 192.0.2.2:443
`;
  const told = explain(text, 'https://shop.example.com/x');
  assert.deepEqual([told.outcome, told.backend, told.server], ['server', 'shop', 's']);
  assert.deepEqual(told.steps.at(-1)?.acls[0].values, ['"shop.example.com"']);
  assert.equal(told.request.slice(0, 3), '\x16\x03\x01');
  assert.equal(explain(text, 'https://192.0.2.9/').backend, 'other');
  assert.match(explain(text, 'http://shop.example.com:443/').request, /^GET \/ HTTP/);
});

test('tcp://: a client that connects to a frontend in TCP mode, with bytes or without', () => {
  const text = `frontend web
  bind :80
  http-request return status 204
frontend mail
  mode tcp
  bind :25
  option tcplog
  log 127.0.0.1 local0
  tcp-request connection reject if { src 192.0.2.66 }
  tcp-request inspect-delay 2s
  tcp-request content reject if { req.payload(0,3) -m str BAD }
  use_backend chatty if { req.len gt 3 }
  default_backend silent
backend chatty
  mode tcp
  server c 192.0.2.1:25
backend silent
  mode tcp
  server s 192.0.2.2:25 send-proxy
`;
  const talks = explain(text, 'tcp://mx.example:25', { data: 'EHLO x' });
  assert.deepEqual([talks.outcome, talks.backend, talks.server], ['server', 'chatty', 'c']);
  assert.equal(talks.request, 'EHLO x');
  assert.match(talks.logs.join(), / mail chatty\/c /);
  const waits = explain(text, 'tcp://mx.example');
  assert.deepEqual([waits.outcome, waits.server, waits.waitedMs], ['server', 's', 2000]);
  assert.match(waits.request, /^PROXY TCP4 192\.0\.2\.1 [^\r]*\r\n$/);
  assert.ok(waits.notes.some((note) => note.startsWith('the client sends nothing')));
  assert.equal(explain(text, 'tcp://mx', { data: 'BAD' }).outcome, 'closed');
  assert.equal(explain(text, 'tcp://mx', { from: '192.0.2.66' }).outcome, 'closed');
  assert.match(
    explain(text, 'tcp://mx:80').fault,
    /^nobody listens in TCP mode at port 80; .*mail/,
  );
  assert.match(
    explain(text, 'tcp://mx', { frontend: 'web' }).fault,
    /in TCP mode; there are: mail$/,
  );
  assert.match(explain(routed, 'tcp://mx').fault, /^no frontend in TCP mode listens/);
});
