import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ResourceField } from './field.ts';
import { toStructural } from './structural.ts';

const text = { type: 'string', description: 'A text.', maxLength: 10 } as const satisfies ResourceField;
const object = (
  properties: Readonly<Record<string, ResourceField>>,
  more: Partial<ResourceField> = {},
): ResourceField => ({
  type: 'object',
  description: 'An object.',
  properties,
  ...more,
});

test('default and limits are told in the description, and the default is not stored', () => {
  const field: ResourceField = { type: 'integer', description: 'Seconds.', minimum: 1, maximum: 60, default: 20 };
  assert.deepEqual(toStructural(field, 'x'), {
    type: 'integer',
    description: 'Seconds. Default: 20. 1 to 60.',
    minimum: 1,
    maximum: 60,
  });
});

test('unique texts are a set, a list with keys is a map, any other list changes as a whole', () => {
  const list = (more: Partial<ResourceField>): unknown =>
    toStructural({ type: 'array', description: 'A list.', maxItems: 3, items: text, ...more }, 'x')[
      'x-kubernetes-list-type'
    ];
  const items = object({ name: text }, { required: ['name'] });
  assert.equal(list({ uniqueItems: true }), 'set');
  assert.equal(list({ items, listType: 'map', listMapKeys: ['name'] }), 'map');
  assert.equal(list({}), 'atomic');
});

test('fields that go together become rules', () => {
  const presence: ResourceField['presence'] = [
    { exactlyOne: ['a', 'b'], message: 'one' },
    { exactlyOne: ['a', 'b', 'c'], message: 'one of three' },
    { atLeastOne: ['a', 'b'], message: 'some' },
    { field: 'a', needs: ['b', 'c'], message: 'needs' },
  ];
  assert.deepEqual(toStructural(object({ a: text, b: text, c: text }, { presence }), 'x')['x-kubernetes-validations'], [
    { rule: 'has(self.a) != has(self.b)', message: 'one' },
    { rule: '[has(self.a), has(self.b), has(self.c)].filter(x, x).size() == 1', message: 'one of three' },
    { rule: 'has(self.a) || has(self.b)', message: 'some' },
    { rule: '!has(self.a) || (has(self.b) && has(self.c))', message: 'needs' },
  ]);
});

test('a callflow is typed at its first level and kept whole below', () => {
  const schema = toStructural({ type: 'object', description: 'A callflow.', content: 'action' }, 'x');
  assert.equal(schema['x-kubernetes-preserve-unknown-fields'], true);
  assert.deepEqual(schema['required'], ['module']);
});

const REFUSED: readonly (readonly [what: string, field: ResourceField, why: RegExp])[] = [
  ['several types', { type: ['string', 'integer'], description: 'x' }, /^Error: x: the types .* cannot be told apart/],
  ['null', { type: 'null', description: 'x' }, /type "null" cannot be used/],
  ['fractions', { type: 'number', description: 'x' }, /type "number" cannot be used/],
  ['no description', { ...text, description: ' ' }, /has no description/],
  ['a text without an end', { type: 'string', description: 'x' }, /needs maxLength/],
  ['a list without an end', { type: 'array', description: 'x', items: text }, /needs maxItems/],
  ['a list of anything', { type: 'array', description: 'x', maxItems: 1 }, /needs items/],
  [
    'a set of objects',
    { type: 'array', description: 'x', maxItems: 1, listType: 'set', items: object({}) },
    /only scalars/,
  ],
  [
    'a map of no keys',
    { type: 'array', description: 'x', maxItems: 1, listType: 'map', items: object({}) },
    /listMapKeys/,
  ],
  [
    'a key that may be missing',
    { type: 'array', description: 'x', maxItems: 1, listType: 'map', listMapKeys: ['a'], items: object({ a: text }) },
    /"a" must be required/,
  ],
  ['an expression that is not RE2', { ...text, pattern: '^(?=a)' }, /is not RE2/],
  ['an object of anything', { type: 'object', description: 'x' }, /properties or additionalProperties/],
  ['an open object without an end', { type: 'object', description: 'x', additionalProperties: text }, /maxProperties/],
  ['a required field that is not there', object({}, { required: ['a'] }), /requires "a"/],
  [
    'presence of a field that is not there',
    object({ a: text }, { presence: [{ atLeastOne: ['b'], message: 'x' }] }),
    /"b"/,
  ],
  ['a media reference', { ...text, format: 'media' }, /"media" belongs to callflows/],
];

describe('what the API server cannot hold is refused', () => {
  for (const [what, field, why] of REFUSED) {
    test(what, () => assert.throws(() => toStructural(field, 'x'), why));
  }
  test('the path names the place', () => {
    const field = object({ a: { type: 'array', description: 'x', maxItems: 1, items: { ...text, pattern: '(' } } });
    assert.throws(() => toStructural(field, 'Kind.spec'), /^Error: Kind\.spec\.a\[\]: /);
  });
});
