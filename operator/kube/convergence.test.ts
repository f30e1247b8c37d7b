import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AnyObject } from './objects.ts';
import { Reflector, withoutManagedFields } from './reflector.ts';
import type { Behaviour } from './testing/behaviour.ts';
import { startCluster, WIDGET, widget } from './testing/cluster.ts';
import { createManualClock, drive } from './testing/manual-clock.ts';

/** What happens at the server between two looks. */
type Step =
  | { readonly step: 'put'; readonly name: string; readonly size: number }
  | { readonly step: 'remove'; readonly name: string }
  | { readonly step: 'touch' | 'compact' | 'bookmark' | 'end' | 'reset' }
  /** While no watch is open, an object goes, another comes, and the history of it is lost. */
  | { readonly step: 'gap'; readonly name: string }
  /** How the server treats the next request. */
  | { readonly step: 'behave'; readonly behaviour: Behaviour }
  /** Lets so many requests come in before the next step. */
  | { readonly step: 'wait'; readonly requests: number };

const after = fc.integer({ min: 0, max: 3 });
const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  fc.constantFrom<Behaviour[]>(
    { do: 'reset' },
    { do: 'hang' },
    { do: 'garbage' },
    { do: 'cut' },
    { watch: 'pieces' },
    { do: 'status', code: 410, reason: 'Expired' },
    { do: 'status', code: 429, reason: 'TooManyRequests', retryAfter: 3 },
    { do: 'status', code: 403, reason: 'Forbidden' },
    { do: 'status', code: 500, reason: 'InternalError' },
    { do: 'status', code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
  ),
  fc.record({ watch: fc.constantFrom('end', 'reset', 'silence', 'garbage', 'half'), after }),
  fc.record({
    watch: fc.constant('error' as const),
    after,
    code: fc.constantFrom(410, 500, 429),
    reason: fc.constantFrom('Expired', 'InternalError'),
  }),
);

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ step: fc.constant('put' as const), name, size: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('remove' as const), name }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('gap' as const), name }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constant('behave' as const), behaviour }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('wait' as const), requests: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ step: fc.constantFrom('touch', 'compact', 'bookmark', 'end', 'reset') }),
  },
);

/**
 * The property that the rest relies on: whatever the server does, the store ends up as the server's state; on the way it is always exactly the state
 * that the server had at the store's version, goes only forward, and is never empty once it was full.
 */
test('for any behaviour of the server the store converges, and is a true state of it at any moment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), fc.nat(5), async (steps, cacheLag) => {
      const clock = createManualClock();
      await using cluster = await startCluster(clock);
      const { server } = cluster;
      const history = server.history('widgets');
      history.put(widget('anchor'));
      history.cacheLag = cacheLag;
      const replica = new Map<string, string | undefined>();
      const faults: string[] = [];
      let newest = 0;
      const reflector = new Reflector<AnyObject>({
        api: cluster.api,
        type: WIDGET,
        transform: withoutManagedFields,
        onChange(change) {
          if (change.type === 'delete') replica.delete(change.key);
          else replica.set(change.key, change.object.metadata.resourceVersion);
          look();
        },
        onError: () => undefined,
        clock,
        random: () => 0.5,
        timing: { pageSize: 2 },
      });
      const behaviours: Behaviour[] = [];
      server.behave = () => behaviours.shift();
      reflector.start();
      for (const one of steps) await take(one);
      behaviours.length = 0;
      await drive(clock, () => look() && versions(reflector.store) === versions(history.objects), skipMs);
      await reflector.stop();
      await cluster[Symbol.asyncDispose]();
      assert.deepEqual(faults, []);
      assert.equal([...replica].map(String).sort().join(' '), versions(history.objects), 'what the handler was told');
      assert.equal(clock.timers, 0);

      async function take(one: Step): Promise<void> {
        switch (one.step) {
          case 'put':
            history.put(widget(one.name, { size: one.size }));
            break;
          case 'remove':
            history.remove(`acme/${one.name}`);
            break;
          case 'touch':
          case 'compact':
            history[one.step]();
            break;
          case 'bookmark':
          case 'end':
          case 'reset':
            for (const watch of server.watches) watch[one.step]();
            break;
          case 'gap':
            for (const watch of server.watches) watch.reset();
            history.put(widget(`after-${one.name}`));
            history.remove(`acme/${one.name}`);
            history.compact();
            break;
          case 'behave':
            behaviours.push(one.behaviour);
            break;
          case 'wait': {
            const until = server.requests.length + one.requests;
            await drive(clock, () => look() && (server.requests.length >= until || isQuiet()), skipMs);
          }
        }
      }

      /** Nothing more will happen by itself: a watch is open and has told all. */
      function isQuiet(): boolean {
        return (
          server.watches.size === 1 && server.silent === 0 && versions(reflector.store) === versions(history.objects)
        );
      }

      /** Long deadlines strike only where they are the way out. */
      function skipMs(): number {
        return server.silent > 0 ? Number.POSITIVE_INFINITY : 60_000;
      }

      function look(): true {
        const { version, store } = reflector;
        if (version === undefined) return true;
        if (Number(version) < newest) faults.push(`back from ${newest} to ${version}`);
        newest = Number(version);
        if (store.size === 0) faults.push(`empty at ${version}`);
        if (versions(store) !== versions(history.at(newest))) faults.push(`not the state at ${version}`);
        return true;
      }
    }),
    { numRuns: 150 },
  );
});

function versions(objects: { values(): IterableIterator<AnyObject> }): string {
  return [...objects.values()]
    .map(({ metadata }) => `acme/${metadata.name},${metadata.resourceVersion}`)
    .sort()
    .join(' ');
}
