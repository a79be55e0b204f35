// Contract of a configuration keyword: one row in a section's table says how it is called, where it
// may stand, what it is for, and how it writes the model. Tables live in sections/, catalog.ts
// lists them, parse.ts calls them. A row writes only its own fields.

import type { Place } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import type { Line } from './line.ts';
import type {
  BindModel,
  BindSslModel,
  GlobalModel,
  HttpErrorsModel,
  PeersModel,
  ProxyModel,
  ResolversModel,
  ServerModel,
  ServerSslModel,
  UserlistModel,
} from './model.ts';

export interface KeywordRow {
  /** The word, or two words: `option httplog`, `timeout client`. */
  readonly name: string;
  readonly help: string;
  /** A line that is accepted, for tests and manuals. */
  readonly example: string;
}

export interface GlobalKeyword extends KeywordRow {
  /** The line may start with `no`. */
  readonly negatable?: boolean;
  readonly parse: (line: Line, global: GlobalModel, draft: Draft) => void;
}

export type Side = 'front' | 'back' | 'both';

export interface ProxyKeyword extends KeywordRow {
  readonly side: Side;
  /** Legal in `defaults`: yes, only in named ones, or not at all. */
  readonly defaults: 'yes' | 'named' | 'no';
  readonly negatable?: boolean;
  /** Only meaningful in `mode http` (for the warning about ignored options). */
  readonly http?: boolean;
  /** What the warning adds when the word stands on the wrong side. */
  readonly wrongSide?: string;
  readonly parse: (line: Line, proxy: ProxyDraft, draft: Draft) => void;
}

/** A proxy or defaults section while it is read. */
export interface ProxyDraft {
  readonly section: 'defaults' | 'frontend' | 'backend' | 'listen';
  /** The defaults section this one inherits from. */
  readonly parent: ProxyDraft | null;
  readonly model: ProxyModel;
  /** What `default-server` set so far, and whether it says anything. */
  defaultServer: ServerDraft;
  hasDefaultServer: boolean;
  /** `mode` was written, here or in the defaults section it starts from by name. */
  hasMode: boolean;
  readonly namedDefaultServers: Map<string, ServerDraft>;
  readonly serverNames: Map<string, ServerDraft>;
  /** Options that `no option` turned off. */
  readonly cleared: Set<string>;
  /** Lists of check rules that this section has begun itself; until then they are inherited. */
  readonly ownChecks: Set<'tcp' | 'http'>;
  /** How sections inherit from this one (defaults only): by name, or as the last one seen. */
  explicitRef: boolean;
  implicitRef: boolean;
  /** Where an earlier defaults section of this name was, which this one hides. */
  hidden: Place | null;
  /** The line of `option httplog` and friends, for the message when the mode forbids it. */
  logPresetPlace: Place | null;
}

/** A server while it is read: the model without what only `server` lines give. */
export interface ServerDraft {
  readonly model: ServerModel;
  /** TLS settings, null while none was written; they count only when `ssl` was written too. */
  tls: ServerSslModel | null;
  tlsOn: boolean;
}

export interface BindKeyword extends KeywordRow {
  /** Words after the name that belong to it. */
  readonly takes: number;
  readonly tls?: boolean;
  readonly parse: (cursor: WordCursor, bind: BindModel, draft: Draft) => void;
}

export interface ServerKeyword extends KeywordRow {
  readonly takes: number;
  /** The word carries something between parentheses. */
  readonly parentheses?: boolean;
  readonly parse: (cursor: WordCursor, server: ServerDraft, draft: Draft) => void;
}

/** Where a word of a `bind` or `server` line stands. */
export interface WordCursor {
  readonly line: Line;
  /** Argument index of the option word itself. */
  index: number;
}

/** A word of a section of its own (userlist, ring, ...): it writes what the section stands for. */
export interface NamedKeyword<T> extends KeywordRow {
  readonly parse: (line: Line, target: T, draft: Draft) => void;
}

/** A section that stands for one thing: `userlist NAME` and the lines below it. */
export interface NamedSection<T> {
  readonly name: string;
  readonly rows: readonly NamedKeyword<T>[];
  /** Reads the section's own line; null: its lines are skipped. */
  readonly open: (line: Line, draft: Draft) => T | null;
}

export type UserlistKeyword = NamedKeyword<Mutable<UserlistModel>>;
export type HttpErrorsKeyword = NamedKeyword<Mutable<HttpErrorsModel>>;
/** The words of a `bind` line as they come in, perhaps over several lines. */
export interface BindDraft {
  bind: BindModel;
  readonly tls: BindSslModel;
  tlsOn: boolean;
}

/** A peers section while it is read. */
export interface PeersDraft {
  readonly model: Mutable<PeersModel>;
  /** What `bind` and `server` lines write as they do in a proxy. */
  readonly proxy: ProxyDraft;
  /** null: neither `bind` nor `default-bind` was written. */
  binding: BindDraft | null;
  hasBind: boolean;
  hasPeer: boolean;
}

export type PeersKeyword = NamedKeyword<PeersDraft>;

/** A resolvers section while it is read. */
export interface ResolversDraft {
  readonly model: ResolversModel;
  /** What name servers that are reached over TCP are read into. */
  readonly proxy: ProxyDraft;
}

export type Mutable<T> = {
  -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K];
};

/** Makes the index of tables; two rows of one name are a mistake of ours. */
export function indexRows<T extends KeywordRow>(
  kind: string,
  ...tables: readonly (readonly T[])[]
): ReadonlyMap<string, T> {
  const all = new Map<string, T>();
  for (const table of tables) {
    for (const row of table) {
      if (all.has(row.name)) throw new Error(`${kind} '${row.name}' is declared twice`);
      all.set(row.name, row);
    }
  }
  return all;
}

/** A named section as parse.ts knows it, whatever it stands for. */
export interface SectionEntry {
  readonly name: string;
  readonly rows: ReadonlyMap<string, KeywordRow>;
  /** Reads the section's own line; what comes back reads a line of the row called `name`. */
  readonly begin: (line: Line, draft: Draft) => ((name: string, line: Line) => void) | null;
}

/** Makes one of a section of any kind. */
export function sectionEntry<T>(section: NamedSection<T>): SectionEntry {
  const rows = indexRows(`${section.name} keyword`, section.rows);
  return {
    name: section.name,
    rows,
    begin: (opening, draft) => {
      const target = section.open(opening, draft);
      if (target === null) return null;
      return (name, line) => rows.get(name)?.parse(line, target, draft);
    },
  };
}
