// The stats-file: what is written is read back, and a file never takes away what was counted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../shared/segment/metrics.ts';
import { ObjectTable } from '../../shared/segment/objects.ts';
import { sampleStats } from './sample-stats.ts';
import { preloadStatsFile, statsFilePieces } from './stats-file.ts';

const text = `
defaults
  mode http
  timeout client 1s
  timeout server 1s
  timeout connect 1s
frontend fe
  guid fe-1
  option socket-stats
  bind 127.0.0.1:80 guid-prefix li
  default_backend be
backend be
  guid be-1
  server s1 127.0.0.1:81 guid srv-1
frontend plain
  bind 127.0.0.1:82 guid-prefix quiet
`;

function proxy() {
  const sample = sampleStats(text);
  const { source, control, segment } = sample;
  const place = { source, counters: control, table: new ObjectTable(segment) };
  const [front, back] = source.objects.proxies;
  const objects = { 'fe-1': front.front, 'be-1': back.back, 'srv-1': back.servers[0] };
  return {
    ...sample,
    objects,
    dump: () => [...statsFilePieces(source)].join(''),
    load: (file: string) => preloadStatsFile(place, 'F', file),
    count: (guid: keyof typeof objects, name: keyof typeof field) =>
      source.reader.sum(objects[guid], field[name]),
  };
}

test('one line per object with a guid, under the columns of its side', () => {
  const { dump } = proxy();
  const lines = dump().split('\n');
  assert.match(lines[0], /^#fe guid,stot,bin,bout,dreq,dresp,ereq,rate,.*,conn_tot,.*,resbout,/);
  const [fe, li] = [lines[1].split(','), lines[2].split(',')];
  assert.deepEqual([fe[0], li[0], lines[3]], ['fe-1', 'li-0', '']);
  assert.equal(fe.length, lines[0].split(',').length);
  assert.match(lines[4], /^#be guid,stot,bin,bout,.*,lastchg,lbtot,rate,.*,lastsess,/);
  assert.deepEqual(
    lines.slice(5).map((line) => line.split(',')[0]),
    ['srv-1', 'be-1', ''],
  );
});

test('what was dumped is what another process starts with', () => {
  const one = proxy();
  const { values } = one.writer;
  values[one.writer.row(one.objects['fe-1']) + field.stot] = 17;
  values[one.writer.row(one.objects['be-1']) + field.reqbin] = 1e12;
  values[one.writer.row(one.objects['srv-1']) + field.lastsess] = 4990;
  values.set([5_000_000, 30, 0], one.writer.row(one.objects['fe-1']) + field.rate);
  const file = one.dump();
  const two = proxy();
  assert.deepEqual(two.load(file), []);
  assert.equal(two.dump(), file);
  assert.deepEqual(two.load(file), []);
  assert.equal(two.dump(), file, 'read twice is read once');
});

test('a file does not take away what was counted since', () => {
  const { writer, objects, load, count } = proxy();
  writer.values[writer.row(objects['srv-1']) + field.stot] = 9;
  load('#be guid,stot,econ,\nsrv-1,5,7,\n');
  assert.equal(count('srv-1', 'stot'), 9);
  assert.equal(count('srv-1', 'econ'), 7);
});

test("a frontend's requests are those of all versions, which is all the reference writes", () => {
  const { load, count } = proxy();
  load('#fe guid,req_tot,h1req,h2req,\nfe-1,0,4,3,\n');
  assert.equal(count('fe-1', 'req_tot'), 7);
});

test('the last change of a server that is new', () => {
  const { load, dump } = proxy();
  load('#be guid,lastchg,\nsrv-1,600,\nbe-1,500,\n');
  const [head, server, backend] = dump().split('\n').slice(4);
  const at = head.split(',').indexOf('lastchg');
  assert.equal(server.split(',')[at], '600');
  assert.equal(backend.split(',')[at], '500');
});

test('values without a number, unknown columns, guids and sections are passed over', () => {
  const { load, count } = proxy();
  const file =
    '// note\n#be guid,other,stot,\nsrv-1,5,abc,\nsrv-1,6,-7,\nbe-1,5,8,\nnobody,1,1,\n\n' +
    'fe-1,1,1,\n#other guid,x,\nbe-1,9,9,\n#fe guid,stot,\nbe-1,9,\nsrv-1,9,\nli-0,4,\nquiet-0,4,\n';
  assert.deepEqual(load(file), ["config: Ignored stats-file line 13 in file 'F'."]);
  assert.equal(count('srv-1', 'stot'), 0);
  assert.equal(count('be-1', 'stot'), 8);
  assert.equal(count('fe-1', 'stot'), 0);
});

test('lines that are wrong are left out and told', () => {
  const { load, count } = proxy();
  const file = '#be guid,stot,\nbe 1,6\nfe-1,8\nli-0,8\n#x y\nbe-1,9\n#be guid,stot,\nbe-1,3\n#\n';
  assert.deepEqual(load(file), [
    "config: Ignored stats-file line 2 in file 'F'.",
    "config: Ignored stats-file line 4 in file 'F'.",
    "config: Ignored stats-file header line 5 in file 'F'.",
    "config: Ignored stats-file header line 9 in file 'F'.",
  ]);
  assert.equal(count('be-1', 'stot'), 3);
});

test('a file that does not begin with a header is refused as a whole', () => {
  for (const file of [
    'x\n#be guid,stot,\nbe-1,3,\n',
    '# be guid,stot,\n',
    '#be guid,stot\n',
    '#be stot,\n',
  ]) {
    const { load, count } = proxy();
    assert.deepEqual(load(file), ["config: Invalid stats-file format in file 'F'."], file);
    assert.equal(count('be-1', 'stot'), 0);
  }
});
