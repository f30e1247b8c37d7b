import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn } from './in-turn.ts';

const server = (name: string, priority: number, weight: number) => ({ name, priority, weight });

test('lower priorities first, whatever their weights', () => {
  const order = inTurn([server('b', 20, 100), server('a', 10, 0)], () => 0.5);
  assert.deepEqual(
    order.map(({ name }) => name),
    ['a', 'b'],
  );
});

test('those of one priority share calls by weight', () => {
  const servers = [server('one', 1, 1), server('three', 1, 3)];
  const firsts = Array.from({ length: 100 }, (_, i) => inTurn(servers, () => (i + 0.5) / 100)[0]!.name);
  assert.equal(firsts.filter((name) => name === 'three').length, 75);
});

test('every server is tried once', () => {
  const servers = Array.from({ length: 6 }, (_, i) => server(String(i), i % 2, i === 0 ? 0 : 10));
  const names = inTurn(servers, () => 0.99).map(({ name }) => name);
  assert.equal(new Set(names).size, 6);
});
