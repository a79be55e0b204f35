// The words that the schema of the model is written in, and the pieces that stand everywhere.

import type { AddressModel, LineModel } from '../model.ts';
import type { Place } from '../diagnostic.ts';

/** A piece of JSON schema. */
export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: 'string' };

export const flag: Schema = { type: 'boolean' };

export const integer: Schema = { type: 'integer' };

export const natural: Schema = { type: 'integer', minimum: 0 };

/** A time or count that may be "not set". */
export const optional: Schema = { type: 'integer', minimum: -1 };

export const port: Schema = { type: 'integer', minimum: -65_535, maximum: 65_535 };

export const list = (items: Schema): Schema => ({ type: 'array', items });

export const oneOf = (...values: readonly (string | number)[]): Schema => ({ enum: values });

export const orNull = (schema: Schema): Schema => ({ anyOf: [{ type: 'null' }, schema] });

export const map = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });

/** An object with exactly the fields of `T`. */
export function shape<T>(fields: Readonly<Record<keyof T & string, Schema>>): Schema {
  return {
    type: 'object',
    properties: fields,
    required: Object.keys(fields),
    additionalProperties: false,
  };
}

export const definitions: Record<string, Schema> = {};

/** Names a piece that is used in several places, so that the validator has it once. */
export function define(name: string, schema: Schema): Schema {
  definitions[name] = schema;
  return { $ref: `#/$defs/${name}` };
}

export const place = define('place', shape<Place>({ file: text, line: natural, column: natural }));

export const line = define(
  'line',
  shape<LineModel>({
    place,
    words: list(text),
    columns: list(natural),
    text,
    from: text,
  }),
);

export const address = define(
  'address',
  shape<AddressModel>({
    family: oneOf(
      'ipv4',
      'ipv6',
      'unix',
      'abns',
      'abnsz',
      'fd',
      'sockpair',
      'rhttp',
      'unspecified',
    ),
    socket: oneOf('stream', 'dgram'),
    host: text,
    port,
    portOffset: flag,
    fd: optional,
  }),
);
