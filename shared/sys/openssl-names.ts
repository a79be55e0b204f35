// Which certificate of a listener answers a client hello (manual 5.1, `crt-list`): an index of
// server names, filled while contexts are made and asked in the middle of a handshake. Pure: it
// knows no pointer but the numbers it hands out.

/** Kind of a key: which signatures of a client hello it needs. */
export type KeyKind = 'ecdsa' | 'rsa' | 'other';

/** What a client hello leads to. */
export interface NamedContext {
  /** SSL_CTX. */
  readonly handle: number;
  readonly kind: KeyKind;
  /** Names that its wildcards do not mean, in lower case. */
  readonly excluded: ReadonlySet<string>;
}

export class NameIndex<T extends NamedContext> {
  private readonly exact = new Map<string, T[]>();
  /** By what follows the star: `.example.com`; '' for the defaults. */
  private readonly wild = new Map<string, T[]>();

  /** Files `context` under what its line says; the order of calls is the order of preference. */
  add(context: T, filters: readonly string[], isDefault: boolean): void {
    if (isDefault) file(this.wild, '', context);
    for (const filter of filters) {
      const name = filter.toLowerCase();
      if (name.startsWith('!')) continue;
      if (!name.startsWith('*')) file(this.exact, name, context);
      else if (name !== '*' || !isDefault) file(this.wild, name.slice(1), context);
    }
  }

  /**
   * The context for a name in lower case, '' for the defaults. Of several, the kind of key decides:
   * ECDSA before RSA before others, as far as the client can check them. null: none has the name.
   */
  find(name: string, canRsa: boolean, canEcdsa: boolean): T | null {
    let ecdsa: T | null = null;
    let rsa: T | null = null;
    let other: T | null = null;
    const exact = this.exact.get(name);
    const dot = name.indexOf('.');
    const wild = name === '' || dot >= 0 ? this.wild.get(name.slice(dot)) : undefined;
    for (let i = 0; i < 2; i++) {
      const list = i === 0 ? exact : wild;
      if (list === undefined) continue;
      for (let at = 0; at < list.length; at++) {
        const context = list[at];
        if (i === 1 && context.excluded.has(name)) continue;
        if (context.kind === 'ecdsa') ecdsa ??= context;
        else if (context.kind === 'rsa') rsa ??= context;
        else other ??= context;
      }
    }
    if (canEcdsa && ecdsa !== null) return ecdsa;
    if (canRsa && rsa !== null) return rsa;
    return other ?? ecdsa ?? rsa;
  }
}

function file<T>(map: Map<string, T[]>, name: string, context: T): void {
  const known = map.get(name);
  if (known === undefined) map.set(name, [context]);
  else if (!known.includes(context)) known.push(context);
}

/** Names of the negative filters of a line. */
export function excludedNames(filters: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const filter of filters) {
    if (filter.startsWith('!') && !filter.startsWith('!*')) {
      names.add(filter.slice(1).toLowerCase());
    }
  }
  return names;
}
