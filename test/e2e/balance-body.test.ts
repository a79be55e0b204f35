// balance url_param ... check_post: a parameter in the body of a POST counts as one in the query.
// The servers are those that HAProxy 3.5 chose.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin } from '../harness/failing-origin.ts';
import { request } from '../harness/proxy.ts';

const names = ['s1', 's2', 's3', 's4', 's5'];

test('balance url_param check_post looks into bodies', async (context) => {
  const servers = names.map((name) => `server ${name} 127.0.0.1:PORT`).join('\n  ');
  const { proxy } = await begin(context, {
    fe: `balance url_param id check_post 64
  http-response set-header server %[srv_name]
  ${servers}`,
  });
  const ask = async (head: string, body = ''): Promise<string> => {
    const text = `${head} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n`;
    const length = body === '' ? '' : `content-length: ${body.length}\r\n`;
    const answer = await request(proxy.port('fe'), `${text}${length}\r\n${body}`);
    return /server: (s\d)/.exec(answer)?.[1] ?? answer;
  };
  const ids = ['alice', 'bob', 'carol', 'dave', 'x', '12345'];
  const expected = ['s3', 's3', 's3', 's1', 's1', 's1'];
  for (const [index, id] of ids.entries()) {
    const server = expected[index];
    assert.equal(await ask(`GET /x/0/?id=${id}&b=c`), server, id);
    assert.equal(await ask('POST /x/0/', `id=${id}`), server, id);
    assert.equal(await ask('POST /x/0/?other=1', `a=b&id=${id}&c=d`), server, id);
    assert.equal(await ask(`POST /x/0/?id=${id}`, 'id=other'), server, id);
  }
  // A blank ends the list of parameters.
  for (const body of ['id=dave x', 'id=dave\r\n', 'id=dave\t&id=x']) {
    assert.equal(await ask('POST /x/0/', body), 's1', body);
  }
  // Without the parameter, and with what can be none, in turn.
  for (const body of ['a=b&idx=alice', 'id=dave\x01', 'id=dave\x7f']) {
    const chosen = new Set<string>();
    for (let i = 0; i < names.length; i++) chosen.add(await ask('POST /x/0/', body));
    assert.equal(chosen.size, names.length, body);
  }
});
