import type { Call, PlayOptions, PlayOutcome } from '../../call/call.ts';
import type { Sound } from '../../media/sound.ts';

/** Plays a sound so many times, until a key stops it or it cannot be played. */
export async function playRepeatedly(
  call: Call,
  sound: Sound,
  times: number,
  options: PlayOptions,
): Promise<PlayOutcome> {
  let outcome: PlayOutcome = { kind: 'finished' };
  for (let pass = 0; pass < times && outcome.kind === 'finished'; pass += 1) outcome = await call.play(sound, options);
  return outcome;
}

/** Digits typed during a callflow's sounds belong to the collection `default`, which the next request reports (Kazoo's rule). */
export function keepTypedDigits(call: Call): void {
  const typed = call.digits.takeAll();
  if (typed === '') return;
  call.memory.collections.set('default', (call.memory.collections.get('default') ?? '') + typed);
}
