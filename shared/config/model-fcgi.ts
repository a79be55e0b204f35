// What the Model knows of FastCGI applications: `fcgi-app` sections (manual 10.1.1).

import type { Place } from './diagnostic.ts';
import type { LineModel, LogTargetModel } from './model.ts';

/** A `fcgi-app` section. */
export interface FcgiAppModel {
  readonly place: Place;
  readonly name: string;
  /** '': it was not written, which is a mistake. */
  docroot: string;
  index: string;
  /** `path-info`: `words[0]` is the expression; null: it was not written. */
  pathInfo: LineModel | null;
  /** Private to the section: `words[0]` is the name. */
  readonly acls: LineModel[];
  /** `set-param NAME FORMAT [if ...]`, `pass-header NAME [if ...]`, after their keyword. */
  readonly params: LineModel[];
  readonly passed: LineModel[];
  /** `log-stderr`. */
  logs: readonly LogTargetModel[];
  /** `option keep-conn`, `get-values`, `mpxs-conns`, `max-reqs`. */
  keepsConnections: boolean;
  asksValues: boolean;
  multiplexes: boolean;
  requestMax: number;
}

/** `LineModel.from` of lines of a section: the ACLs that they see are its own. */
export const fcgiLinesOf = (name: string): string => `fcgi-app ${name}`;
