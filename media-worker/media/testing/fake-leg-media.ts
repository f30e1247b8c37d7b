import type { LegMedia, RoomFlags, RoomStay } from '../leg-media.ts';

/** A leg's sound that joins what it is told to, and notes it. */
export class FakeLegMedia implements LegMedia {
  readonly uuid: string;
  readonly did: string[] = [];
  /** Whether rooms let it in. */
  admitted = true;
  /** Takes it out of the room that it is in. */
  kick: () => void = () => {};

  constructor(uuid = 'leg') {
    this.uuid = uuid;
  }

  confer(room: string, { muted, deaf }: RoomFlags, signal: AbortSignal): RoomStay {
    this.did.push(`in ${room.slice(0, 2)}${muted ? ' muted' : ''}${deaf ? ' deaf' : ''}`);
    const left = new Promise<void>((resolve) => {
      this.kick = resolve;
      if (signal.aborted || !this.admitted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    }).then(() => {
      this.did.push('out');
    });
    return { inside: Promise.resolve(this.admitted), left };
  }

  async roomCommand(_room: string, command: string): Promise<string> {
    this.did.push(command);
    return '+OK';
  }

  async bridge(other: LegMedia, signal: AbortSignal, onJoined?: () => void): Promise<void> {
    this.did.push(`bridge ${other.uuid}`);
    onJoined?.();
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    this.did.push('apart');
  }
}
