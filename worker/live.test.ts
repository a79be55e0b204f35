import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../shared/config/load.ts';
import type { ControlToThread } from '../shared/messages.ts';
import { FakeSys } from '../shared/sys/fake/sys.ts';
import { makeRing } from '../shared/segment/event-ring.ts';
import { privateWords } from './server/words.ts';
import { LiveData } from './live.ts';
import { patternEdit } from './match/edits.ts';
import { runtimeCommands } from './runtime/catalog.ts';
import { RemoteLines } from './runtime/remote-lines.ts';
import { sampleContext } from './runtime/sample-context.ts';

const text = [
  'global',
  '  set-var proc.start str(begun)',
  '  set-var proc.number int(3),add(4)',
  'defaults',
  '  mode http',
  '  timeout client 10s',
  '  timeout server 10s',
  '  timeout connect 5s',
  'frontend fe',
  '  bind 127.0.0.1:8080',
  '  acl agents req.hdr(user-agent) -i -m sub -f /agents curl wget',
  '  acl lan src -u 7 10.0.0.0/8 192.168.0.0/255.0.255.0',
  '  http-request deny if agents or lan',
  '  http-request set-header x %[path,map_beg(/m)]',
  '  http-request set-header y %[path,map_str(/m)]',
  '  http-request set-header z %[src,map_ip_ip(opt@/ip,0.0.0.0)]',
  '  http-request set-header i %[path,map_int_int(virt@i,0)]',
  '  http-request set-map(/m) %[path] seen',
  '',
].join('\n');

const contents = {
  '/agents': 'bot\n# none\n  spider \n',
  '/m': '/a one value  \n/b 2\n/a later\n',
};

class Bench {
  readonly sent: Extract<ControlToThread, { type: 'edit' }>[] = [];
  readonly live: LiveData;
  private readonly context;
  private readonly table = runtimeCommands();

  constructor() {
    const loaded = loadConfiguration({
      files: [],
      texts: [{ name: 'cfg', text }],
      environment: {},
    });
    const sample = sampleContext('');
    this.live = new LiveData({
      model: { ...loaded.model, contents },
      sys: new FakeSys(),
      counters: sample.context.counters,
      tables: sample.context.tables,
      patterns: { added: 0, freed: 0 },
      rings: loaded.model.rings.map(() => makeRing(0)),
      lists: {},
      words: () => privateWords(0),
      nowMs: () => 1000,
      broadcast: (message) => message.type === 'edit' && this.sent.push(message),
    });
    this.context = { ...sample.context, live: this.live };
  }

  /** The answer without its last empty line. */
  async say(line: string, payload = ''): Promise<string> {
    const answer = await new RemoteLines(this.context, this.table).run(
      0,
      { level: 'admin', line, payload },
      () => undefined,
    );
    assert.ok(answer.endsWith('\n'), answer);
    return answer.slice(0, -1);
  }

  async stories(cases: readonly (readonly [string, string | RegExp, string?])[]): Promise<void> {
    for (const [line, expected, payload] of cases) {
      const answer = await this.say(line, payload);
      if (typeof expected === 'string') assert.equal(answer, expected, line);
      else assert.match(answer, expected, line);
    }
  }
}

test('lists have a number, a name, their users and versions', async () => {
  const bench = new Bench();
  assert.equal(
    await bench.say('show acl'),
    [
      '# id (file) description',
      "0 (/agents) pattern loaded from file '/agents' used by acl at file 'cfg' line 11. " +
        'curr_ver=0 next_ver=0 entry_cnt=2',
      "1 () acl 'req.hdr' file 'cfg' line 11. curr_ver=0 next_ver=0 entry_cnt=2",
      "7 () acl 'src' file 'cfg' line 12. curr_ver=0 next_ver=0 entry_cnt=2",
      '',
    ].join('\n'),
  );
  assert.equal(
    await bench.say('show map'),
    [
      '# id (file) description',
      "2 (/m) pattern loaded from file '/m' used by map at file 'cfg' line 14, " +
        "by map at file 'cfg' line 15. curr_ver=0 next_ver=0 entry_cnt=3",
      "3 (/ip) pattern loaded from file 'opt@/ip' used by map at file 'cfg' line 16. " +
        'curr_ver=0 next_ver=0 entry_cnt=0',
      "4 (virt@i) pattern loaded from file 'virt@i' used by map at file 'cfg' line 17. " +
        'curr_ver=0 next_ver=0 entry_cnt=0',
      '',
    ].join('\n'),
  );
});

test('entries are shown with their numbers, by name and by number of the list', async () => {
  const bench = new Bench();
  await bench.stories([
    ['show acl /agents', '0x000000000001 bot\n0x000000000002 spider \n'],
    ['show acl #1', '0x000000000001 curl\n0x000000000002 wget\n'],
    ['show map file@/m', /^0x0{11}1 \/a one value\n0x0{11}2 \/b 2\n0x0{11}3 \/a later\n$/],
    ['show map virt@i', ''],
    ['show map @5 /m', ''],
    ['show map /agents', 'Unknown map identifier. Please use #<id> or <file>.\n'],
    ['show acl #99', 'Unknown ACL identifier. Please use #<id> or <file>.\n'],
  ]);
});

test('entries come, change and go', async () => {
  const bench = new Bench();
  await bench.stories([
    ['add acl /agents new\\ one', ''],
    ['show acl /agents', /0x0{11}3 new one\n$/],
    ['del acl /agents new\\ one', ''],
    ['del acl /agents new\\ one', 'Key not found.\n'],
    ['del acl /agents #0x000000000001', ''],
    ['show acl /agents', '0x000000000002 spider \n'],
    ['del acl /agents #0xzz', 'Malformed identifier. Please use #<id> or <file>.\n'],
    ['add acl #7 10.0.0.0/99', /not a valid IPv4 or IPv6 address/],
    ['add acl #7 172.16.0.0/12', ''],
    ['set map /m /a new', ''],
    ['show map /m', /1 \/a new\n0x0{11}2 \/b 2\n0x0{11}3 \/a new\n$/],
    ['set map /m #0x3 third', ''],
    ['show map /m', /3 \/a third\n$/],
    ['set map /m /none x', 'entry not found.\n'],
    ['set map /m #0x99 x', 'key or pattern not found.\n'],
    ['add map /ip 10.0.0.0/8 nowhere', /'nowhere' is not an address/],
    ['add map /ip 10.0.0.0/8 192.0.2.1', ''],
    ['add map virt@i x 1', /'x' is not a number/],
    ['add map /m', '', 'k1 v1\nk2   v2 with blanks\n'],
    ['show map /m', /4 k1 v1\n0x0{11}5 k2 v2 with blanks\n$/],
    ['add map /m', "Missing value for key 'k4'.\n", 'k3 v3\nk4\nk5 v5'],
    ['show map /m', /6 k3 v3\n$/],
    ['del map /m /a', ''],
    ['clear map /m', ''],
    ['show map /m', ''],
    ['add map /m k', /expects three parameters/],
    ['clear acl', 'Missing ACL identifier.\n'],
  ]);
});

test('a version is filled unseen and put in force at once', async () => {
  const bench = new Bench();
  await bench.stories([
    ['prepare map /m', 'New version created: 1\n'],
    ['prepare map /m', 'New version created: 2\n'],
    ['add map @2 /m /n new', ''],
    ['add map @3 /m /n new', "Version number in the future, please use 'prepare map' before.\n"],
    ['show map @2 /m', '0x000000000004 /n new\n'],
    ['show map', /2 \(\/m\) .* curr_ver=0 next_ver=2 entry_cnt=4\n/],
    ['commit map /m', 'Missing version number.\n'],
    ['commit map @3 /m', 'Version number out of range.\n'],
    ['commit map @2 /m', ''],
    ['show map /m', '0x000000000004 /n new\n'],
    ['commit map @1 /m', 'Version number out of range.\n'],
    ['prepare map /m', 'New version created: 3\n'],
    ['add map @3 /m /o x', ''],
    ['clear map @3 /m', ''],
    ['show map', /2 \(\/m\) .* curr_ver=2 next_ver=3 entry_cnt=1\n/],
  ]);
});

test('what a value matches, for every use of a list', async () => {
  const bench = new Bench();
  await bench.stories([
    [
      'get map /m /a',
      'type=beg, case=sensitive, found=yes, idx=tree, key="/a", value="one value", type="str"\n' +
        'type=str, case=sensitive, found=yes, idx=tree, key="/a", value="one value", type="str"\n',
    ],
    [
      'get map /m /b/c',
      'type=beg, case=sensitive, found=yes, idx=tree, key="/b", value="2", type="str"\n' +
        'type=str, case=sensitive, found=no\n',
    ],
    ['get acl /agents Robot', 'type=sub, case=insensitive, match=yes, idx=list, pattern="bot"\n'],
    ['get acl #7 10.1.2.3', 'type=ip, case=sensitive, match=yes, idx=tree, pattern="10.0.0.0/8"\n'],
    ['get acl #7 192.1.168.9', 'type=ip, case=sensitive, match=no\n'],
    ['get acl #7 text', 'type=ip, case=sensitive, match=no\n'],
    ['get map /m', 'Missing map identifier and/or key.\n'],
  ]);
});

test('edits of commands and of rules go to every thread with their numbers', async () => {
  const bench = new Bench();
  await bench.say('add map /m /z last');
  const list = bench.live.patterns.named('/m');
  assert.ok(list !== null);
  const put = patternEdit('put', list, { text: '/a', value: 'seen' });
  bench.live.take({ patterns: [put], variables: [] }, 1);
  const [command, rule] = bench.sent;
  assert.deepEqual([command.origin, command.patterns[0].entry], [-1, 4]);
  assert.deepEqual([rule.origin, rule.patterns[0].entries], [1, [1, 3]]);
  assert.match(await bench.say('show map /m'), /1 \/a seen\n.*\n0x0{11}3 \/a seen\n/);
});

test('process variables are read and set', async () => {
  const bench = new Bench();
  await bench.stories([
    ['get var proc.start', 'proc.start: type=str value=<begun>\n'],
    ['get var proc.number', 'proc.number: type=sint value=<7>\n'],
    ['get var proc.none', 'Variable not found.\n'],
    ['get var', 'Missing process-wide variable identifier.\n'],
    ['set var proc.a int(5)', /experimental/],
    ['experimental-mode on; set var proc.a int(5); get var proc.a', /type=sint value=<5>/],
    ['experimental-mode on; set var proc.a expr str(x\\ y)', /^\n/],
    ['get var proc.a', 'proc.a: type=str value=<x y>\n'],
    ['experimental-mode on; set var proc.b fmt <%[var(proc.a)]>', /^\n/],
    ['get var proc.b', 'proc.b: type=str value=<<x y>>\n'],
    ['experimental-mode on; set var txn.a int(5)', /only scope 'proc' is permitted here/],
    ['experimental-mode on; set var proc.a path', /none of which is available here/],
    ['experimental-mode on; set var proc.a foo int(1)', /must be either 'expr' or 'fmt'/],
  ]);
  const values = bench.sent.map(({ variables }) => variables[0].text || variables[0].int);
  assert.deepEqual(values, [5, 'x y', '<x y>']);
});
