// One word of the language as help and the reference pages show it. The build writes all of them to
// reference.json, from the tables of words themselves; `hawser help` reads that file.

export interface ReferenceRow {
  /** What kind of word it is: `sample fetch`, `converter`, `action`, ... */
  readonly kind: string;
  /** Words of one family stand together. */
  readonly family: string;
  readonly name: string;
  /** How it is written, with its arguments. */
  readonly form: string;
  /** What goes in and what comes out, where it is legal; '' where there is nothing to say. */
  readonly about: string;
  readonly help: string;
  readonly example: string;
}
