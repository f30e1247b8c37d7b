import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Running } from './running.ts';

it('stops in the reverse order, the rest too when one fails', async () => {
  const stopped: string[] = [];
  const running = new Running();
  for (const name of ['first', 'second', 'third']) {
    running.add(name, (started) => {
      stopped.push(started);
      if (name === 'second') throw new Error('it would not stop');
    });
  }
  await assert.rejects(running.stop(), /it would not stop/);
  assert.deepEqual(stopped, ['third', 'second', 'first']);
});
