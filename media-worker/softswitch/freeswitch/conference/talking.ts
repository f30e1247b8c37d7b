/** Whether a member talks: its energy against a level, with a hang-over (mod_conference: 40 frames). */

import { energy } from '../../audio/level.ts';
import type { Frame } from '../../rtp/types.ts';

const HANGOVER_FRAMES = 40;
const HITS_TO_START = 2;

export class TalkDetector {
  /** FreeSWITCH's default `energy-level` of the recorded profile. */
  level = 100;
  energy = 0;
  talking = false;
  #hits = 0;
  #quiet = 0;

  /** Takes a frame; tells what changed. */
  hear(frame: Frame): 'start' | 'stop' | undefined {
    this.energy = Math.round(energy(frame));
    if (this.energy > this.level) {
      this.#quiet = 0;
      this.#hits += 1;
      if (this.talking || this.#hits < HITS_TO_START) return undefined;
      this.talking = true;
      return 'start';
    }
    this.#hits = 0;
    if (!this.talking) return undefined;
    this.#quiet += 1;
    if (this.#quiet < HANGOVER_FRAMES) return undefined;
    return this.stop();
  }

  stop(): 'stop' | undefined {
    if (!this.talking) return undefined;
    this.talking = false;
    this.#quiet = 0;
    this.#hits = 0;
    this.energy = 0;
    return 'stop';
  }
}
