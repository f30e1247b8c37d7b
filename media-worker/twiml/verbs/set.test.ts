import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { run } from '../testing/scenario.ts';
import { BUILT_IN_PARAMETERS } from './variable.ts';

async function stored(variables: string): Promise<{ variables: Record<string, string>; warnings: readonly string[] }> {
  const result = await run(`<Set>${variables}</Set>`);
  return { variables: Object.fromEntries(result.call.memory.variables), warnings: result.warnings };
}

suite('<Set> and <Variable>', () => {
  test('stores any number of variables on the call, without answering (T32)', async () => {
    const result = await run('<Set>\n<Variable key="a" value="1"/>\n<Variable key="b_2" value="x y"/></Set>');
    assert.deepEqual(Object.fromEntries(result.call.memory.variables), { a: '1', b_2: 'x y' });
    assert.ok(!result.log.some((done) => done.did === 'answer'));
  });

  test('of two with one key the later counts; a value may be empty or left out', async () => {
    const { variables } = await stored(
      '<Variable key="a" value="1"/><Variable key="a" value="2"/><Variable key="b" value=""/><Variable key="c"/>',
    );
    assert.deepEqual(variables, { a: '2', b: '', c: '' });
  });

  test('names that are no names are refused with a warning', async () => {
    for (const key of ['', 'a b', '1a', 'a&amp;b', 'a[b]', 'x'.repeat(65)]) {
      const { variables, warnings } = await stored(`<Variable key="${key}" value="1"/>`);
      assert.deepEqual(variables, {}, key);
      assert.deepEqual(warnings, ['PV-1363'], key);
    }
  });

  test('names of built-in parameters are refused with a warning, in any case', async () => {
    for (const key of [...BUILT_IN_PARAMETERS, 'callsid', 'DIGITS']) {
      const { variables, warnings } = await stored(`<Variable key="${key}" value="1"/>`);
      assert.deepEqual(variables, {}, key);
      assert.deepEqual(warnings, ['PV-1364'], key);
    }
  });

  test('a value of more than 1024 bytes is cut between characters, with a warning', async () => {
    const { variables, warnings } = await stored(`<Variable key="a" value="${'€'.repeat(400)}"/>`);
    assert.equal(variables['a'], '€'.repeat(341));
    assert.deepEqual(warnings, ['PV-1358']);
  });

  test('at most 64 in a call; those it has may still change', async () => {
    const many = Array.from({ length: 70 }, (_, index) => `<Variable key="v${index}" value="1"/>`).join('');
    const result = await run(`<Set>${many}</Set><Set><Variable key="v0" value="2"/></Set>`);
    assert.equal(result.call.memory.variables.size, 64);
    assert.equal(result.call.memory.variables.get('v0'), '2');
    const codes = result.spans[0]!.events.map((event) => event.attributes?.['pivot.error.code']);
    assert.deepEqual(codes, Array(6).fill('PV-1365'));
  });

  test('without variables it is a warning; other children and text are skipped with one', async () => {
    assert.deepEqual((await run('<Set/>')).warnings, ['PV-1361']);
    const mixed = await run('<Set>text<Say>x</Say><Variable key="a" value="1"/></Set>');
    assert.deepEqual(mixed.warnings, ['PV-1360', 'PV-1357']);
    assert.equal(mixed.call.memory.variables.get('a'), '1');
  });

  test('a <Variable> outside <Set> is a warning that names where it belongs', async () => {
    const result = await run('<Variable key="a" value="1"/>');
    assert.equal(result.faults[0]!.message, '<Variable> belongs into <Set>; it was skipped.');
    assert.equal(result.call.memory.variables.size, 0);
  });
});
