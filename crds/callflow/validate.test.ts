import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../errors/fault.ts';
import type { JsonObject } from './node.ts';
import { type ValidateOptions, validateCallflow } from './validate.ts';

/** Code and pointer of each fault, as one line each: what a reader compares at a glance. */
function places(faults: readonly Fault[]): string[] {
  return faults.map((one) => `${one.code} ${one.place?.pointer}`);
}

function faultsOf(value: unknown, options?: ValidateOptions): string[] {
  const result = validateCallflow(value, options);
  return result.ok ? [] : places(result.faults);
}

function messagesOf(value: unknown, options?: ValidateOptions): string {
  const result = validateCallflow(value, options);
  return [...(result.ok ? [] : result.faults), ...result.warnings].map((one) => one.message).join('\n');
}

function dataOf(value: unknown, options?: ValidateOptions): JsonObject {
  const result = validateCallflow(value, options);
  assert.ok(result.ok, messagesOf(value, options));
  return result.node.data;
}

test('defaults are filled in, and the input stays as it was', () => {
  const input = Object.freeze({ module: 'collect_dtmf', data: Object.freeze({ max_digits: 4 }) });
  assert.deepEqual(dataOf(input), { max_digits: 4, timeout: 5000, sensitive: false });
  assert.deepEqual(input, { module: 'collect_dtmf', data: { max_digits: 4 } });
});

test('a required field with a default may be left out', () => {
  assert.equal(dataOf({ module: 'response' })['code'], 486);
});

test('all faults are reported together, each with its place', () => {
  const flow = {
    module: 'tts',
    data: { text: '' },
    children: {
      _: { module: 'made_up', data: {} },
      '1': { module: 'ring_group', data: { timeout: 20 } },
      '2': { module: 'response', data: { code: 'busy' } },
      '3': {},
      '4': { module: 'play', data: 'welcome', children: [] },
      '5': ['tts'],
    },
  };
  // Whole numbers come first among the members of a JavaScript object.
  assert.deepEqual(faultsOf(flow), [
    'PV-1109 /data/text',
    'PV-1107 /children/1/data',
    'PV-1108 /children/2/data/code',
    'PV-1104 /children/3',
    'PV-1106 /children/4/data',
    'PV-1105 /children/4/children',
    'PV-1103 /children/5',
    'PV-1102 /children/_/module',
  ]);
});

for (const [what, value, expected] of [
  ['an empty object', {}, ['PV-1104 ']],
  ['an empty module', { module: '' }, ['PV-1104 ']],
  ['a module of 65 characters', { module: 'x'.repeat(65) }, ['PV-1104 ']],
  ['null', null, ['PV-1103 ']],
  ['undefined', undefined, ['PV-1115 ']],
  ['a list', [{ module: 'tts' }], ['PV-1103 ']],
  ['a child that is not an action', { module: 'noop', children: { 'a/b': 1 } }, ['PV-1103 /children/a~1b']],
] as const) {
  test(`${what} is refused`, () => assert.deepEqual(faultsOf(value), expected));
}

test('extra fields of a node, and empty children, are accepted', () => {
  assert.deepEqual(faultsOf({ module: 'tts', extra: 1, data: { text: 'hi' }, children: {} }), []);
});

test('a misspelt module, field or value is answered with the likely one', () => {
  assert.match(messagesOf({ module: 'collect_dtfm' }), /did you mean "collect_dtmf"/);
  assert.match(messagesOf({ module: 'answer', childern: {} }), /did you mean "children"/);
  assert.match(
    messagesOf({ module: 'play', data: { loopCount: 2 } }),
    /no field "loopCount"; did you mean "loop_count"/,
  );
  assert.match(
    messagesOf({ module: 'sleep', data: { duration: 1, unit: 'sm' } }),
    /"unit" must be one of .*, not "sm"/,
  );
  assert.match(messagesOf({ module: 'park', data: { action: 'retreive' } }), /did you mean "retrieve"/);
});

test('a missing field is named with what it is for', () => {
  assert.match(messagesOf({ module: 'tts', data: {} }), /tts: "text" is missing \(The text to speak\)/);
});

test('say and resource are other names of tts and resources', () => {
  const result = validateCallflow({
    module: 'say',
    data: { text: 'hi' },
    children: { _: { module: 'resource', data: {} } },
  });
  assert.ok(result.ok);
  assert.equal(result.node.module, 'tts');
  assert.equal(result.node.children?.['_']?.module, 'resources');
  assert.deepEqual(places(result.warnings), ['PV-1150 /module', 'PV-1150 /children/_/module']);
});

test('a pasted callflow document is taken for its flow, with a warning, and places are those of the document', () => {
  const result = validateCallflow({ numbers: ['2030'], flow: { module: 'tts', data: { text: '' } } });
  assert.ok(!result.ok);
  assert.deepEqual(places(result.faults), ['PV-1109 /flow/data/text']);
  assert.deepEqual(places(result.warnings), ['PV-1151 ']);
});

test('numbers written as text are converted, with a warning; other text is not', () => {
  const result = validateCallflow({ module: 'device', data: { id: 'desk-101', timeout: '25' } });
  assert.ok(result.ok);
  assert.equal(result.node.data['timeout'], 25);
  assert.deepEqual(places(result.warnings), ['PV-1152 /data/timeout']);
  assert.deepEqual(faultsOf({ module: 'device', data: { timeout: '25s' } }), ['PV-1108 /data/timeout']);
  assert.deepEqual(faultsOf({ module: 'device', data: { timeout: '2.5' } }), ['PV-1108 /data/timeout']);
});

test('a tone length may be text without a warning, as it is documented so', () => {
  const result = validateCallflow({ module: 'send_dtmf', data: { digits: '5', duration_ms: '250' } });
  assert.ok(result.ok);
  assert.equal(result.node.data['duration_ms'], 250);
  assert.deepEqual(result.warnings, []);
});

test('a converted number must be within the limits', () => {
  assert.deepEqual(faultsOf({ module: 'collect_dtmf', data: { timeout: '0' } }), ['PV-1109 /data/timeout']);
});

test('secrets do not stand in messages', () => {
  assert.doesNotMatch(messagesOf({ module: 'disa', data: { pin: 48215 } }), /48215/);
  assert.doesNotMatch(
    messagesOf({ module: 'pivot', data: { voice_url: 'ftp://bob:hunter2@x.example/?k=s3cret' } }),
    /hunter2|s3cret/,
  );
});

test('a text item of an audio macro needs its text', () => {
  const macros = [{ macro: 'tts' }, { macro: 'prompt' }, { macro: 'play' }];
  assert.deepEqual(faultsOf({ module: 'audio_macro', data: { macros } }), [
    'PV-1107 /data/macros/0',
    'PV-1107 /data/macros/1',
  ]);
});

test('an expression must be RE2', () => {
  assert.deepEqual(faultsOf({ module: 'check_cid', data: { regex: '^(?=\\+1)' } }), ['PV-1111 /data/regex']);
  assert.deepEqual(faultsOf({ module: 'branch_bnumber', data: { hunt_allow: '(' } }), ['PV-1111 /data/hunt_allow']);
});

test('names of members such as __proto__ are members like any other', () => {
  const value = JSON.parse(
    '{"module":"menu","data":{"__proto__":{"id":"x"}},"children":{"__proto__":{"module":"hangup"}}}',
  );
  const result = validateCallflow(value);
  assert.ok(result.ok);
  assert.deepEqual(Object.keys(result.node.children ?? {}), ['__proto__']);
  assert.equal(result.node.data['id'], undefined);
  assert.equal(validateCallflow({ module: 'constructor' }).ok, false);
  assert.equal(validateCallflow({ module: '__proto__' }).ok, false);
});
