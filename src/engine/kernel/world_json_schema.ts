/**
 * The published JSON Schema of worlds, made from the schema that is checked: docs/world.schema.json, so that
 * editors complete and check a world while it is written.
 */
import { EngineBug } from '../../shared/assert.ts';
import { WorldSchema } from './world_schema.ts';

type JsonSchema = Record<string, unknown>;

/** The parts of a valibot schema that say what it accepts. */
interface Node {
  readonly type: string;
  readonly pipe?: readonly Node[];
  readonly wrapped?: Node;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly item?: Node;
  readonly items?: readonly Node[];
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly value?: Node;
  readonly requirement?: unknown;
}

/** Checks of a pipe as JSON Schema keywords. */
const CHECKS: Readonly<Record<string, (requirement: unknown) => JsonSchema>> = {
  integer: () => ({ type: 'integer' }),
  min_value: (minimum) => ({ minimum }),
  max_value: (maximum) => ({ maximum }),
  min_length: (length) => ({ minLength: length }),
  max_length: (length) => ({ maxLength: length }),
  regex: (pattern) => ({ pattern: (pattern as RegExp).source }),
  starts_with: (text) => ({ pattern: `^${String(text)}` }),
};

const OF_ARRAYS: typeof CHECKS = {
  min_length: (minItems) => ({ minItems }),
  max_length: (maxItems) => ({ maxItems }),
};

const SHAPES: Readonly<Record<string, (node: Node) => JsonSchema>> = {
  string: () => ({ type: 'string' }),
  number: () => ({ type: 'number' }),
  boolean: () => ({ type: 'boolean' }),
  picklist: (node) => ({ enum: node.options }),
  union: (node) => ({ anyOf: (node.options as readonly Node[]).map(convert) }),
  variant: (node) => ({ anyOf: (node.options as readonly Node[]).map(convert) }),
  literal: (node) => ({ const: node.literal }),
  array: (node) => ({ type: 'array', items: convert(node.item as Node) }),
  tuple: (node) => ({
    type: 'array',
    prefixItems: node.items?.map(convert),
    minItems: node.items?.length,
    items: false,
  }),
  record: (node) => ({ type: 'object', additionalProperties: convert(node.value as Node) }),
  optional: (node) => ({
    ...convert(node.wrapped as Node),
    ...(node.default === undefined ? {} : { default: node.default }),
  }),
  strict_object: ({ entries = {} }) => ({
    type: 'object',
    properties: Object.fromEntries(Object.entries(entries).map(([name, node]) => [name, convert(node)])),
    required: Object.keys(entries).filter((name) => entries[name]?.type !== 'optional'),
    additionalProperties: false,
  }),
};

function convert(node: Node): JsonSchema {
  const shape = SHAPES[node.type];
  if (!shape) throw new EngineBug(`no JSON Schema for ${node.type}`);
  const [first, ...checks] = node.pipe ?? [];
  const base = first?.pipe ? convert(first) : shape(node);
  const array = base['type'] === 'array';
  const keywords = checks.map(
    ({ type, requirement }) => ((array && OF_ARRAYS[type]) || CHECKS[type])?.(requirement) ?? {},
  );
  return Object.assign({}, base, ...keywords) as JsonSchema;
}

/** JSON Schema 2020-12 of a world file. */
export const worldJsonSchema = (): JsonSchema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Iterscope world',
  description:
    'A machine whose kernel objects BPF iterators walk: tasks, files, sockets, mappings, namespaces, symbols.',
  ...convert(WorldSchema as unknown as Node),
});
