/**
 * What a channel sends: the innermost application's source, else the bridge's, with an overlay (`uuid_displace`) and write mute
 * on top. One per channel; the RTP session pulls it while there is anything to send, and has no source otherwise, so that an
 * idle channel costs nothing.
 */

import { clip } from '../audio/samples.ts';
import type { AudioSource, Frame } from '../rtp/types.ts';

export interface Overlay {
  readonly source: AudioSource;
  /** Added to the sound beneath instead of replacing it. */
  readonly mix: boolean;
  readonly ended: () => void;
}

export class Output implements AudioSource {
  position = 0;
  current: AudioSource | undefined;
  overlay: Overlay | undefined;
  muted = false;
  /** Called once when `current` has nothing left; `current` is then already undefined. */
  readonly onEnded: (source: AudioSource) => void;
  #scratch: Frame | undefined;

  constructor(onEnded: (source: AudioSource) => void) {
    this.onEnded = onEnded;
  }

  get active(): boolean {
    return this.current !== undefined || this.overlay !== undefined;
  }

  read(frame: Frame): boolean {
    const source = this.current;
    if (source === undefined || !source.read(frame)) {
      frame.fill(0);
      if (source !== undefined) {
        this.current = undefined;
        this.onEnded(source);
        if (!this.active) return false;
      }
    }
    this.#overlay(frame);
    if (this.muted) frame.fill(0);
    this.position += frame.length;
    return true;
  }

  #overlay(frame: Frame): void {
    const { overlay } = this;
    if (overlay === undefined) return;
    if (!overlay.mix) {
      if (!overlay.source.read(frame)) this.#endOverlay(overlay);
      return;
    }
    this.#scratch ??= new Int16Array(frame.length);
    if (!overlay.source.read(this.#scratch)) {
      this.#endOverlay(overlay);
      return;
    }
    for (let i = 0; i < frame.length; i += 1) {
      frame[i] = clip((frame[i] ?? 0) + (this.#scratch[i] ?? 0));
    }
  }

  #endOverlay(overlay: Overlay): void {
    this.overlay = undefined;
    overlay.source.close();
    overlay.ended();
  }

  /** The sources belong to the applications that set them; only an overlay is the output's own. */
  close(): void {
    this.current = undefined;
    if (this.overlay !== undefined) this.#endOverlay(this.overlay);
  }
}
