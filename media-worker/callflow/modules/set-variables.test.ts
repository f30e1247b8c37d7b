import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chain, runFlow } from '../testing/run-flow.ts';

describe('set_variables', () => {
  it('merges its variables, of any JSON type, into those of the call', async () => {
    const first = { custom_application_vars: { tier: 'gold', count: 3 } };
    const second = { custom_application_vars: { count: 4, tags: ['a'] } };
    const { call, ran } = await runFlow(chain(['set_variables', first], ['set_variables', second]));
    assert.deepEqual(call.facts().customApplicationVars, { tier: 'gold', count: 4, tags: ['a'] });
    assert.deepEqual(ran, ['set_variables', 'set_variables']);
  });

  it('goes on when there are none', async () => {
    assert.deepEqual((await runFlow(chain(['set_variables'], ['noop']))).ran, ['set_variables', 'noop']);
  });

  it('reach the next request of a pivot action', async () => {
    const { told } = await runFlow(
      chain(
        ['set_variables', { custom_application_vars: { tier: 'gold' } }],
        ['pivot', { voice_url: 'http://a.example' }],
      ),
    );
    assert.deepEqual(told[0]?.customApplicationVars, { tier: 'gold' });
  });
});
