// `show schema json`: what the JSON forms of `show info` and `show stat` look like, as a JSON
// schema (draft 4). Put together from the closed sets that the values are written with; the shape
// is the reference's, since programs validate against it.

import { natures, origins, scopes } from './format.ts';

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const oneOf = (names: readonly string[]) => ({ type: 'string', enum: names });
const natural = { type: 'integer', minimum: 0 } as const;

const safeMax = Number.MAX_SAFE_INTEGER;

const integer = (name: string, minimum: number, maximum: number) => ({
  properties: { type: oneOf([name]), value: { type: 'integer', minimum, maximum } },
  required: ['type', 'value'],
});

const valueTypes = {
  s32Value: integer('s32', -(2 ** 31), 2 ** 31 - 1),
  s64Value: integer('s64', -safeMax, safeMax),
  u32Value: integer('u32', 0, 2 ** 32 - 1),
  u64Value: integer('u64', 0, safeMax),
  strValue: {
    properties: { type: oneOf(['str']), value: { type: 'string' } },
    required: ['type', 'value'],
  },
};

const unknownValue = {
  properties: { type: natural, value: oneOf(['unknown']) },
  required: ['type', 'value'],
};

const common = { field: ref('field'), processNum: ref('processNum'), tags: ref('tags') };
const alwaysThere = ['field', 'processNum', 'tags', 'value'];

const infoList = {
  title: 'Info',
  type: 'array',
  items: {
    title: 'InfoItem',
    type: 'object',
    properties: { ...common, value: ref('typedValue') },
    required: alwaysThere,
  },
};

const statList = {
  title: 'Stat',
  type: 'array',
  items: {
    title: 'InfoItem',
    type: 'object',
    properties: {
      objType: { enum: ['Frontend', 'Backend', 'Listener', 'Server', 'Unknown'] },
      proxyId: natural,
      id: natural,
      ...common,
      typedValue: ref('typedValue'),
    },
    required: ['objType', 'proxyId', 'id', ...alwaysThere],
  },
};

const errorAnswer = {
  title: 'Error',
  type: 'object',
  properties: { errorStr: { type: 'string' } },
  required: ['errorStr'],
};

const definitions = {
  field: { type: 'object', pos: natural, name: { type: 'string' }, required: ['pos', 'name'] },
  processNum: { type: 'integer', minimum: 1 },
  tags: {
    type: 'object',
    origin: oneOf([...Object.values(origins), 'Unknown']),
    nature: oneOf([...Object.values(natures), 'Unknown']),
    scope: oneOf([...Object.values(scopes).toSorted(), 'Unknown']),
    required: ['origin', 'nature', 'scope'],
  },
  typedValue: {
    type: 'object',
    oneOf: Object.keys(valueTypes).map((name) => ref(`typedValue/definitions/${name}`)),
    definitions: { ...valueTypes, unknownValue },
  },
};

/** One line of JSON without blanks. */
export function jsonSchema(): string {
  const $schema = 'http://json-schema.org/draft-04/schema#';
  return JSON.stringify({ $schema, oneOf: [infoList, statList, errorAnswer], definitions });
}
