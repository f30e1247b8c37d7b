/** A channel in a conference: gives its sound to the mix, and reads the mix without itself. */

import { clip } from '../../audio/samples.ts';
import type { AudioSink, AudioSource, Frame } from '../../rtp/types.ts';
import type { Channel } from '../channel.ts';
import { basicHeaders } from '../channel-headers.ts';
import type { Header } from '../event.ts';
import type { Conference } from './conference.ts';
import type { PlayQueue } from './play-queue.ts';
import { TalkDetector } from './talking.ts';

/** Why a member is out: it was kicked, is to be hung up, moves to another conference; otherwise its channel or application ended. */
export type Leaving = { readonly kind: 'kick' | 'hup' | 'end' } | { readonly kind: 'transfer'; readonly to: string };

export interface MemberFlags {
  mute: boolean;
  deaf: boolean;
  readonly moderator: boolean;
  readonly endconf: boolean;
  readonly ghost: boolean;
}

export class Member implements AudioSink, AudioSource {
  readonly id: number;
  readonly channel: Channel;
  readonly conference: Conference;
  readonly flags: MemberFlags;
  readonly joinedAt = Date.now();
  readonly talk = new TalkDetector();
  /** -4 … 4, as set by `volume_in` and `volume_out`. */
  volumeIn = 0;
  volumeOut = 0;
  lastTalkedAt: number | undefined;
  position = 0;
  /** What this member gave to the mix of the last round. */
  readonly given: Frame = new Int16Array(160);
  readonly #heard: Frame = new Int16Array(160);
  #fresh = false;
  files: PlayQueue | undefined;
  /** Ends its stay. */
  readonly leave: (how: Leaving) => void;

  constructor(id: number, channel: Channel, conference: Conference, flags: MemberFlags, leave: (how: Leaving) => void) {
    this.id = id;
    this.channel = channel;
    this.conference = conference;
    this.flags = flags;
    this.leave = leave;
  }

  write(frame: Frame): void {
    this.#heard.set(frame);
    this.#fresh = true;
  }

  /** Moves what was heard since the last round into `given`; silence when muted or late. */
  contribute(): void {
    if (!this.#fresh || this.flags.mute) this.given.fill(0);
    else {
      this.given.set(this.#heard);
      scale(this.given, this.volumeIn);
    }
    this.#fresh = false;
  }

  /** Endless: the stay ends otherwise. */
  read(frame: Frame): boolean {
    if (this.flags.deaf) frame.fill(0);
    else {
      this.conference.mixWithout(this, frame);
      scale(frame, this.volumeOut);
    }
    this.files?.mixInto(frame);
    this.position += frame.length;
    return true;
  }

  close(): void {
    this.files?.close();
  }

  headers(): Header[] {
    const { flags, talk } = this;
    return [
      ['Floor', String(this.conference.floor === this)],
      ...basicHeaders(this.channel),
      ['Video', 'false'],
      ['Hear', String(!flags.deaf)],
      ['See', 'true'],
      ['Speak', String(!flags.mute)],
      ['Talking', String(talk.talking)],
      ['Mute-Detect', 'false'],
      ['Hold', 'false'],
      ['Member-ID', String(this.id)],
      ['Member-Type', flags.moderator ? 'moderator' : 'member'],
      ['Member-Ghost', String(flags.ghost)],
      ['Energy-Level', String(talk.level)],
      ['Current-Energy', String(talk.energy)],
    ];
  }
}

/** switch_generic_volume_change's steps. */
const FACTORS: Readonly<Record<number, number>> = {
  1: 1.3,
  2: 2.3,
  3: 3.3,
  4: 4.3,
  [-1]: 0.8,
  [-2]: 0.6,
  [-3]: 0.4,
  [-4]: 0.2,
};

function scale(frame: Frame, volume: number): void {
  const factor = FACTORS[volume];
  if (factor === undefined) return;
  for (let i = 0; i < frame.length; i += 1) {
    frame[i] = clip((frame[i] ?? 0) * factor);
  }
}
