// Commands about cookies made of servers' addresses (management.txt 9.3: enable, disable
// dynamic-cookie, set dynamic-cookie-key). They hold until the next start.

import type { ProxyModel } from '../../shared/config/model.ts';
import { hasBack } from '../server/object-index.ts';
import { type Answer, failure, type RuntimeCall, type RuntimeCommandDef } from './command.ts';
import { findProxy } from './target.ts';

type Change = Partial<Pick<ProxyModel, 'hasDynamicCookies' | 'dynamicCookieKey'>>;

/** `change` reads the words behind the backend's name; a text says why it cannot. */
function changing(change: (words: readonly string[]) => Change | string): RuntimeCommandDef['run'] {
  return async ({ context, words }: RuntimeCall): Promise<Answer> => {
    const [name = '', ...rest] = words;
    const proxyIndex = findProxy(context, name, hasBack);
    if (proxyIndex < 0) return failure('No such backend.');
    const proxy = context.stats.model.proxies[proxyIndex];
    if (proxy.mode !== 'tcp' && proxy.mode !== 'http') return failure('Not available.');
    const changes = change(rest);
    if (typeof changes === 'string') return failure(changes);
    Object.assign(proxy, changes);
    await context.fleet.renewCookies(proxyIndex);
    return '';
  };
}

export const dynamicCookieCommands = [
  {
    words: ['disable', 'dynamic-cookie', 'backend'],
    requires: 'admin',
    usage: '<bk>',
    help: 'servers without a cookie of their own have none',
    run: changing(() => ({ hasDynamicCookies: false })),
  },
  {
    words: ['enable', 'dynamic-cookie', 'backend'],
    requires: 'admin',
    usage: '<bk>',
    help: 'servers without a cookie of their own have one made of their address',
    run: changing(() => ({ hasDynamicCookies: true })),
  },
  {
    words: ['set', 'dynamic-cookie-key', 'backend'],
    requires: 'admin',
    usage: '<bk> <k>',
    help: 'another secret in cookies made of addresses',
    run: changing(([key]) =>
      key === undefined ? 'String value expected.' : { dynamicCookieKey: key },
    ),
  },
] as const satisfies readonly RuntimeCommandDef[];
