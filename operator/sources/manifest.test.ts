import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatFault } from '../../crds/errors/fault.ts';
import { parseManifest, splitDocuments } from './manifest.ts';

function faults(text: string): string[] {
  return parseManifest(text, 'x.yaml').faults.map((one) => `${one.severity} ${formatFault(one)}`);
}

/** The code and place of each fault. */
function places(text: string): string[] {
  return parseManifest(text).faults.map((one) => `${one.code} ${one.place?.line}:${one.place?.column}`);
}

const GOOD = `apiVersion: pivot.voice/v1alpha1
kind: PivotCallflow
metadata: {name: support}
spec:
  numbers: ["2030"]
  pivot:
    voice_url: https://app.example.com/voice
`;

test('a manifest becomes typed resources, in the namespace default unless it says otherwise', () => {
  const { resources, faults } = parseManifest(
    `${GOOD}---\napiVersion: v1\nkind: Secret\nmetadata: {name: app, namespace: acme}\ndata: {token: czNjcmV0}\nstringData: {hmac: key}\n`,
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(
    resources.map((one) => one.resource),
    [
      {
        apiVersion: 'pivot.voice/v1alpha1',
        kind: 'PivotCallflow',
        metadata: { name: 'support', namespace: 'default' },
        spec: { numbers: ['2030'], pivot: { voice_url: 'https://app.example.com/voice' } },
      },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'app', namespace: 'acme' },
        data: { token: 's3cret', hmac: 'key' },
      },
    ],
  );
});

test('each part of a resource is found again by line and column', () => {
  const [located] = parseManifest(`# first\n---\n${GOOD}`).resources;
  assert.deepEqual(located?.at?.('/spec/pivot/voice_url'), { line: 9, column: 16 });
  assert.deepEqual(located?.at?.('/spec/numbers/0'), { line: 7, column: 13 });
  assert.deepEqual(located?.at?.('/spec/pivot/absent'), { line: 9, column: 5 }, 'the nearest parent');
});

test('a number without quotes is pointed out where it stands', () => {
  assert.deepEqual(faults(GOOD.replace('"2030"', '2030')), [
    'error x.yaml:5:13 PV-1004 PivotCallflow: "spec.numbers[0]" must be text, not 2030; put it in quotes (at /spec/numbers/0)',
  ]);
});

for (const [what, text, expected] of [
  ['a tab as indentation', 'a:\n\tb: 1\n', ['PV-1001 2:1']],
  ['a key given twice', 'a: 1\nb: 2\na: 3\n', ['PV-1001 3:1']],
  ['an unclosed quote', 'a: "b\n', ['PV-1001 2:1']],
  ['a list', '- a\n', ['PV-1021 1:1']],
  ['a resource without a kind', 'apiVersion: v1\n', ['PV-1003 1:1']],
  ['a resource without a name', GOOD.replace('name: support', 'labels: {a: b}'), ['PV-1003 3:11']],
  ['a name in capitals', GOOD.replace('support', 'Support'), ['PV-1004 3:18']],
  ['an unknown version', GOOD.replace('v1alpha1', 'v2'), ['PV-1016 1:13']],
  ['a misspelt kind', GOOD.replace('PivotCallflow', 'PivotCallFlow'), ['PV-1004 2:7']],
  ['another kind', 'apiVersion: apps/v1\nkind: Deployment\n', ['PV-1002 2:7']],
  ['a misspelt field', GOOD.replace('numbers', 'number'), ['PV-1005 5:11']],
  ['a field at the wrong level', `${GOOD}numbers: ["1"]\n`, ['PV-1005 8:10']],
  ['wrong base64', 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: "%"}\n', ['PV-1022 4:11']],
] as const) {
  test(`${what} is refused or pointed out with its place`, () => assert.deepEqual(places(text), expected));
}

test('a bad document does not touch the others, and its lines are those of the file', () => {
  const { resources, faults } = parseManifest(`${GOOD}---\na: [\n---\n${GOOD.replace('support', 'other')}`);
  assert.deepEqual(
    resources.map((one) => one.resource.metadata.name),
    ['support', 'other'],
  );
  assert.ok(
    faults.length > 0 &&
      faults.every((one) => one.code === 'PV-1001' && one.place!.line! >= 9 && one.place!.line! <= 10),
  );
});

test('a List is read item by item', () => {
  const list = JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }, 1],
  });
  const { resources, faults } = parseManifest(list);
  assert.deepEqual([resources.length, faults.map((one) => one.code)], [1, ['PV-1021']]);
});

test('documents are cut at their markers; comments alone are none', () => {
  assert.deepEqual(
    splitDocuments('# only a comment\n---\n%YAML 1.2\n---\na: 1\n...\n---  {b: 2}\n---\n\n').map(({ text, line }) => [
      text.trim(),
      line,
    ]),
    [
      ['a: 1', 4],
      ['{b: 2}', 7],
    ],
  );
});

for (const [what, text] of [
  ['deep nesting', '['.repeat(10_000)],
  ['deep nesting, closed', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
  ['deep indentation', Array.from({ length: 900 }, (_, index) => `${' '.repeat(index)}a:`).join('\n')],
  [
    'an alias bomb',
    'abcdefgh'
      .split('')
      .map(
        (name, index, all) =>
          `${name}: &${name} [${Array(9)
            .fill(index === 0 ? 'x' : `*${all[index - 1]}`)
            .join(',')}]`,
      )
      .join('\n'),
  ],
  ['an alias to what contains it', 'a: &a [*a]'],
  ['thousands of aliases', `a: &a 1\nb: [${'*a,'.repeat(5000)}]`],
] as const) {
  test(`${what} is a coded fault, soon`, () => {
    const start = performance.now();
    assert.deepEqual(
      parseManifest(text).faults.map((one) => one.code),
      ['PV-1014'],
    );
    assert.ok(performance.now() - start < 5_000);
  });
}

test('a file of 10 MB is refused before it is read', () => {
  assert.deepEqual(
    parseManifest('x'.repeat(10_000_000)).faults.map((one) => one.code),
    ['PV-1012'],
  );
});

test('property: no text makes the reader throw, and every fault has its place within the text', () => {
  const pieces = fc.constantFrom(
    ...GOOD.split(/(?<=\n)|(?=:)/),
    '---\n',
    '- ',
    '\t',
    '"',
    "'",
    '{',
    '[',
    '&a ',
    '*a',
    '!!x ',
    '|\n',
    '\u0000',
    '%Y\n',
    '...\n',
    'kind: Secret\n',
    'data: {a: 1}\n',
  );
  const texts = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
    fc
      .tuple(fc.nat(GOOD.length), fc.string({ maxLength: 4 }))
      .map(([at, junk]) => GOOD.slice(0, at) + junk + GOOD.slice(at + 1)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const lines = text.split('\n').length;
      for (const { place } of parseManifest(text).faults)
        assert.ok(place!.line! >= 1 && place!.line! <= lines && place!.column! >= 1);
    }),
    { numRuns: 500 },
  );
});
