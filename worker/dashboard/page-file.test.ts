// The page of the build: whole, without anything from outside, its policy true, facts escaped.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { loadConfiguration } from '../../shared/config/load.ts';
import { prepareDashboards } from './page-file.ts';
import { headMark, pageText } from './page-text.ts';

function prepared(line: string) {
  const text = `defaults\n mode http\n timeout client 1s\nfrontend f\n bind :80\n ${line}\n`;
  const texts = [{ name: 'sample.cfg', text }];
  return prepareDashboards(loadConfiguration({ files: [], texts, environment: {} }).model);
}

test('only those who ask for a dashboard get one', () => {
  assert.equal(prepared('stats enable'), null);
  const one = prepared('stats dashboard')!;
  assert.ok(one.token.length >= 24 && one.token !== prepared('stats dashboard')!.token);
});

test('the page needs nothing from elsewhere, and nothing else runs in it', () => {
  const { page, policy } = prepared('stats dashboard')!;
  assert.ok(page.includes(headMark) && page.includes('</html>'));
  assert.doesNotMatch(page, /<(script|link|img)[^>]*\s(src|href)=["']?(https?:|\/)/);
  assert.doesNotMatch(page.replace(/<script>[\s\S]*<\/script>/, ''), /\son\w+=|\sstyle=/);
  for (const tag of ['script', 'style']) {
    const [, text] = new RegExp(`<${tag}>([\\s\\S]+?)</${tag}>`).exec(page) ?? [];
    const hash = createHash('sha256').update(text, 'latin1').digest('base64');
    assert.ok(policy.includes(`${tag}-src 'sha256-${hash}'`), tag);
  }
  assert.match(policy, /default-src 'none'.*frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
});

test('facts are escaped, and the token is for those who may change something', () => {
  const facts = {
    uri: '/live',
    eventsUri: '/live;events',
    classicUri: '/stats',
    version: '',
    node: '"><script>alert(1)</script>',
    description: "a & 'b'",
    isAdmin: false,
    token: 'secret',
  };
  const text = pageText(`<head>${headMark}</head>`, facts);
  assert.ok(text.includes('content="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"'));
  assert.ok(text.includes('content="a &amp; &#39;b&#39;"'));
  assert.ok(!text.includes('secret'));
  assert.ok(pageText(headMark, { ...facts, isAdmin: true }).includes('content="secret"'));
});
