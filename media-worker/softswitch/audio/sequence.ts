import type { AudioSource, Frame } from '../rtp/types.ts';

/** Plays sources one after the other, each from the start of a frame. Closes them all. */
export class SequenceSource implements AudioSource {
  readonly #sources: readonly AudioSource[];
  #index = 0;
  #before = 0;

  constructor(sources: readonly AudioSource[]) {
    this.#sources = sources;
  }

  get position(): number {
    return this.#before + (this.#sources[this.#index]?.position ?? 0);
  }

  read(frame: Frame): boolean {
    for (;;) {
      const source = this.#sources[this.#index];
      if (source === undefined) return false;
      if (source.read(frame)) return true;
      this.#before += source.position;
      this.#index++;
    }
  }

  close(): void {
    for (const source of this.#sources) source.close();
  }
}
