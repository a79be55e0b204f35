// Where a dashboard is, what a target asks of it, and where it cannot be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../../shared/config/load.ts';
import type { ProxyModel } from '../../shared/config/model.ts';
import { addressConflict, dashboardPlan, dashboardPlans, dashboardTarget } from './plan.ts';

function proxyOf(...lines: readonly string[]): ProxyModel {
  const text = `defaults\n  mode http\n  timeout client 1s\nlisten l\n  bind :80\n${lines
    .map((line) => `  ${line}\n`)
    .join('')}`;
  const texts = [{ name: 'sample.cfg', text }];
  return loadConfiguration({ files: [], texts, environment: {} }).model.proxies[0];
}

test('beside the statistics page, unless the line says where', () => {
  const cases: readonly (readonly [string[], string | undefined])[] = [
    [['stats uri /stats'], undefined],
    [['stats dashboard'], '/haproxy?stats/live'],
    [['stats dashboard', 'stats uri /stats'], '/stats/live'],
    [['stats dashboard', 'stats uri /'], '/live'],
    [['stats dashboard /ops', 'stats uri /stats'], '/ops'],
  ];
  for (const [lines, uri] of cases) {
    assert.equal(dashboardPlan(proxyOf(...lines), 0)?.uri, uri, lines.join(' '));
  }
});

test('scope and legends are those of the page', () => {
  const proxy = proxyOf('stats dashboard', 'stats scope .', 'stats scope b', 'stats show-legends');
  const [plan] = dashboardPlans({ proxies: [proxy] });
  assert.deepEqual([...plan.scope!], ['l', 'b']);
  assert.equal(plan.showsLegends, true);
  assert.equal(dashboardPlan(proxyOf('stats dashboard'), 0)?.scope, null);
  assert.equal(dashboardPlan(proxyOf('stats dashboard', 'mode tcp'), 0), null);
});

test('a target is the page, its events, or something else', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['/live', 'page'],
    ['/live?a=b', 'page'],
    ['/live;events', 'events'],
    ['/live;events2', null],
    ['/lively', null],
    ['/live/x', null],
    ['/stats', null],
  ];
  for (const [target, wanted] of cases) {
    assert.equal(dashboardTarget('/live', target), wanted, target);
  }
});

test('conflicts are told in words', () => {
  const conflictOf = (...lines: readonly string[]): string => {
    const proxy = proxyOf(...lines);
    return addressConflict(proxy, dashboardPlan(proxy, 0)!);
  };
  assert.equal(conflictOf('stats dashboard'), '');
  assert.match(conflictOf('stats uri /s', 'stats dashboard /s'), /'stats uri' are both at '\/s'/);
  assert.match(conflictOf('monitor-uri /up', 'stats dashboard /up'), /'monitor-uri' answers there/);
  assert.match(conflictOf('stats dashboard /a', 'stats dashboard /b'), /before, at line 6/);
});
