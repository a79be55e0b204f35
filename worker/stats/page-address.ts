// The address of a statistics page: what a request target asks for, and the target that asks for
// it. The words behind the URI stand between semicolons, as management tools write them for
// HAProxy: `/stats;csv;up`.

import type { StatsPagePlan, StatsPageRequest } from '../program.ts';

const formats = ['csv', 'typed', 'json'] as const;
const scopeBytesMax = 64;

/**
 * What `target` asks of the page at `plan.uri`, null when it is another page's. `target` is a path
 * with its query.
 */
export function parsePageAddress(
  plan: StatsPagePlan,
  target: string,
  isAdmin: boolean,
): StatsPageRequest | null {
  if (!target.startsWith(plan.uri)) return null;
  const rest = target.slice(plan.uri.length);
  const words = new Set(rest.split(/[;?&]/));
  const scope = /[;?&]scope=([^;&]*)/.exec(rest)?.[1] ?? '';
  return {
    format: formats.find((format) => words.has(format)) ?? 'html',
    refreshes: plan.refreshSeconds > 0 && !words.has('norefresh'),
    hidesDown: words.has('up'),
    hidesMaint: words.has('no-maint'),
    scope: decodeWord(scope).slice(0, scopeBytesMax),
    outcome: /[;?&]st=([A-Z]{4})/.exec(rest)?.[1] ?? '',
    isAdmin,
  };
}

/** The target of the page that `request` describes; an outcome is told once and left out. */
export function pageAddress(plan: StatsPagePlan, request: StatsPageRequest): string {
  const refresh = plan.refreshSeconds > 0 && !request.refreshes ? ';norefresh' : '';
  const scope = request.scope === '' ? '' : `;scope=${encodeWord(request.scope)}`;
  return (
    plan.uri +
    (request.format === 'html' ? '' : `;${request.format}`) +
    (request.hidesDown ? ';up' : '') +
    (request.hidesMaint ? ';no-maint' : '') +
    refresh +
    scope
  );
}

/** Bytes of a form or query word, `+` for a space. Broken escapes stay as they are. */
export function decodeWord(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
}

function encodeWord(text: string): string {
  return text.replace(
    /[^A-Za-z0-9_.:-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  );
}
