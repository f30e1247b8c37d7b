import { performance } from 'node:perf_hooks';
import type { CallMetrics } from '../telemetry/metrics.ts';
import type { SoundLibrary } from './library.ts';

/** The library with its work measured. What a call's end cuts off is not counted. */
export function measuredSounds(
  sounds: Pick<SoundLibrary, 'prepare'>,
  metrics: CallMetrics,
): Pick<SoundLibrary, 'prepare'> {
  return {
    async prepare(sound, context) {
      const startedAt = performance.now();
      const preparation = await sounds.prepare(sound, context);
      const result = preparation.ok ? (preparation.prepared.cached ? 'cached' : 'made') : 'failed';
      metrics.soundPrepared(sound.kind, result, performance.now() - startedAt);
      return preparation;
    },
  };
}
