// What all scopes of one compilation share: the model, the tables, and what has been compiled so
// far. One per thread and program. Start only; made by compile.ts.

import type { Diagnostics } from '../../shared/config/diagnostic.ts';
import { fcgiLinesOf } from '../../shared/config/model-fcgi.ts';
import type { LineModel, Model, ProxyModel } from '../../shared/config/model.ts';
import type { ConverterDef, Evaluate, FetchDef, Scope, WordCursor } from '../keyword.ts';
import type { LogTagDef } from '../log/tag.ts';
import { PatternRegistry } from '../match/pattern-registry.ts';
import type { ReplyPlan } from '../program.ts';
import { VariableTable } from '../sample/variables.ts';
import type { NamedAcl } from './condition.ts';
import type { CompileWatch } from './watch.ts';

/** Builds the reply of `words`: worker/compile/reply.ts. */
type BuildReply = (words: WordCursor, scope: Scope, statusDefault: number) => ReplyPlan | null;

/** The tables a program is compiled from. */
interface CompileTables {
  readonly fetches: ReadonlyMap<string, FetchDef>;
  readonly converters: ReadonlyMap<string, ConverterDef>;
  readonly logTags: ReadonlyMap<string, LogTagDef>;
  readonly reply: BuildReply;
}

/** Memory of shared files by path (match/shared-list.ts). */
export type SharedLists = Readonly<Record<string, SharedArrayBuffer>>;

/** What only some compilations have. */
interface CompileExtras {
  readonly lists?: SharedLists;
  readonly watch?: CompileWatch | null;
}

/** What all scopes of one compilation share. */
export class CompileContext {
  readonly model: Model;
  readonly diagnostics: Diagnostics;
  readonly tables: CompileTables;
  readonly watch: CompileWatch | null;
  readonly variables: VariableTable;
  readonly patterns: PatternRegistry;
  readonly lists: SharedLists;
  /** Fetches built so far: see ExpressionSource. */
  readonly built = new Map<string, Evaluate>();
  /** What they were built from: see ExpressionSource. */
  readonly used = new Set<string>();
  /** Servers and backends that sample expressions name: "server N", "backend N". */
  readonly referred = new Set<string>();
  /** ACLs by proxy and defaults section, then by name; null: it had mistakes. */
  private readonly acls = new Map<string, Map<string, NamedAcl | null>>();
  private readonly frontends = new Map<string, number>();
  private readonly backends = new Map<string, number>();
  private readonly indexes = new Map<ProxyModel, number>();

  constructor(
    model: Model,
    diagnostics: Diagnostics,
    tables: CompileTables,
    { lists = {}, watch = null }: CompileExtras = {},
  ) {
    this.model = model;
    this.lists = lists;
    this.watch = watch;
    this.diagnostics = diagnostics;
    this.tables = tables;
    this.variables = new VariableTable();
    this.patterns = new PatternRegistry();
    for (const [index, proxy] of model.proxies.entries()) {
      const { name, kind } = proxy;
      this.indexes.set(proxy, index);
      if (kind !== 'backend') this.frontends.set(name, index);
      if (kind !== 'frontend') this.backends.set(name, index);
    }
  }

  /** A backend of the runtime API came, as the last one of the model, or went. */
  changeBackend(name: string, exists: boolean): void {
    if (exists) this.backends.set(name, this.model.proxies.length - 1);
    else this.backends.delete(name);
  }

  /** Place of a proxy in the model; there may be thousands, and each line asks. */
  indexOf(proxy: ProxyModel): number {
    const index = this.indexes.get(proxy) ?? -1;
    const { proxies } = this.model;
    return proxies[index] === proxy ? index : proxies.indexOf(proxy);
  }

  frontendIndex(name: string): number {
    return this.frontends.get(name) ?? -1;
  }

  backendIndex(name: string): number {
    return this.backends.get(name) ?? -1;
  }

  /** Names some proxy answers to, for hints. */
  frontendNames(): Iterable<string> {
    return this.frontends.keys();
  }

  backendNames(): Iterable<string> {
    return this.backends.keys();
  }

  /** The ACLs compiled so far for one proxy and the defaults section a line came from. */
  aclsOf(proxy: ProxyModel | null, from: string): Map<string, NamedAcl | null> {
    const key = `${proxy === null ? '' : this.model.proxies.indexOf(proxy)} ${from}`;
    let found = this.acls.get(key);
    if (found === undefined) {
      found = new Map();
      this.acls.set(key, found);
    }
    return found;
  }

  /** Those of a defaults section, or of a fcgi-app section, whose ACLs are private. */
  private aclsFrom(from: string): readonly LineModel[] {
    const app = this.model.fcgiApps.find(({ name }) => fcgiLinesOf(name) === from);
    return app?.acls ?? this.model.defaults.find((one) => one.name === from)?.acls ?? [];
  }

  /** The `acl` lines a line of `proxy` sees when it came from the defaults section `from`. */
  aclLines(proxy: ProxyModel | null, from: string): readonly LineModel[] {
    if (from !== '') return this.aclsFrom(from);
    return proxy?.acls ?? [];
  }
}
