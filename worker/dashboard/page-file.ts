// The dashboard's page as the build has written it beside this file: one HTML text with its script
// and style inside. Read once by the control thread, before privileges are dropped, when a proxy
// has a dashboard; proxy threads are handed the text.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Model } from '../../shared/config/model.ts';
import type { DashboardStart } from '../../shared/dashboard-messages.ts';
import { allocateLatency } from '../../shared/segment/latency.ts';
import { dashboardPlans } from './plan.ts';

const tokenBytes = 18;

/** null: no proxy has a dashboard. */
export function prepareDashboards(model: Model): DashboardStart | null {
  if (dashboardPlans(model).length === 0) return null;
  const page = readFileSync(new URL('./page.html', import.meta.url), 'latin1');
  return {
    page,
    policy: contentPolicy(page),
    token: randomBytes(tokenBytes).toString('base64url'),
    latency: allocateLatency(model.global.nbthread, model.proxies.length),
  };
}

/** Only this page's own script and style run, and nothing is loaded from elsewhere. */
export function contentPolicy(page: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashesOf(page, 'script')}`,
    `style-src ${hashesOf(page, 'style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function hashesOf(page: string, tag: string): string {
  const texts = page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'));
  return Array.from(texts, ([, text]) => {
    const hash = createHash('sha256').update(text, 'latin1').digest('base64');
    return `'sha256-${hash}'`;
  }).join(' ');
}
