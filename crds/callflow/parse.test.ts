import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapJson, positionOf } from './json-text.ts';
import { parseCallflowJson } from './parse.ts';

function refusal(text: string): { place: string; message: string; context: unknown } {
  const result = parseCallflowJson(text);
  assert.ok(!result.ok);
  const [first] = result.faults;
  return {
    place: `${first?.place?.line}:${first?.place?.column}`,
    message: `${first?.code} ${first?.message}`,
    context: result.jsonError,
  };
}

test('a trailing comma is named with its line and column, and what stands around it', () => {
  const refused = refusal('{"module":"tts",\n "data":{"text":"hi",},}');
  assert.deepEqual(refused, {
    place: '2:21',
    message: 'PV-1101 a comma stands before "}"',
    context: { message: 'invalid JSON', before: '{"module":"tts",\n "data":{"text":"hi"', after: ',},}' },
  });
});

for (const [what, text, place, message] of [
  ['nothing', '', '1:1', /a value is expected, but the text ends/],
  ['an unclosed object', '{"module":"tts"', '1:16', /"," or "}" is expected, but the text ends/],
  ['an unclosed text', '{"module":"tts}', '1:11', /not closed/],
  ['a wrong escape', '{"module":"t\\x"}', '1:11', /escape/],
  ['single quotes', "{'module':'tts'}", '1:2', /a name in double quotes is expected/],
  ['a missing colon', '{"module" "tts"}', '1:11', /":" is expected/],
  ['a bare word', '{"module":tts}', '1:11', /a value is expected, but there is "t"/],
  ['a page of HTML', '<!doctype html>', '1:1', /a value is expected, but there is "<"/],
] as const) {
  test(`${what} is told by place and words`, () => {
    const refused = refusal(text);
    assert.equal(refused.place, place);
    assert.match(refused.message, message);
  });
}

test('something after the JSON value is trailing data', () => {
  const refused = refusal('{"module":"hangup"}\nWarning: deprecated');
  assert.equal(refused.place, '2:1');
  assert.deepEqual(refused.context, {
    message: 'trailing data',
    before: '{"module":"hangup"}\n',
    after: 'Warning: deprecated',
  });
});

test('a byte order mark is ignored', () => {
  assert.ok(parseCallflowJson('\ufeff{"module":"hangup"}').ok);
});

test('every value has its offset, and repeated names are found', () => {
  const text = '{"a": [1, {"b/c": "x"}],\n "a": true}';
  const map = mapJson(text);
  assert.ok(map.ok);
  assert.deepEqual(Object.fromEntries(map.offsets), { '': 0, '/a': 31, '/a/0': 7, '/a/1': 10, '/a/1/b~1c': 18 });
  assert.deepEqual(map.repeated, [{ pointer: '/a', offset: 26 }]);
  assert.deepEqual(positionOf(text, 26), { line: 2, column: 2 });
});
