import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SharedMap } from './shared-map.ts';

const edits = fc.array(fc.tuple(fc.string(), fc.option(fc.nat(), { nil: undefined })));

test('property: an edited map has what a map would have, and the one before is as it was', () => {
  fc.assert(
    fc.property(fc.array(edits), (rounds) => {
      const model = new Map<string, number>();
      let map = new SharedMap<string, number>();
      for (const round of rounds) {
        const before = [...map].sort();
        const size = map.size;
        const edit = map.edit();
        for (const [key, value] of round) {
          edit.set(key, value);
          if (value === undefined) model.delete(key);
          else model.set(key, value);
          assert.equal(edit.get(key), value);
        }
        const next = edit.done();
        assert.deepEqual([...map].sort(), before);
        assert.equal(map.size, size);
        assert.deepEqual(new Map(next), model);
        assert.equal(next.size, model.size);
        for (const key of model.keys()) assert.ok(next.has(key));
        map = next;
      }
    }),
  );
});
