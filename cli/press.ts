import type { PhoneCall } from '../media-worker/softswitch/phone.ts';
import type { DebugEvent } from './follow-call.ts';

/** A prompt that is followed by no gather for so long is waiting itself, for a key that stops it. */
const LONE_PROMPT_MS = 1500;

/** Presses keys when the call waits for them: each group at one gather or collection, or at a prompt that stands alone. */
export class KeyPresser {
  readonly #phone: PhoneCall;
  readonly #groups: string[];
  readonly #onPress: (keys: string) => void;
  #lonePrompt: NodeJS.Timeout | undefined;
  pressed = '';

  constructor(phone: PhoneCall, groups: readonly string[], onPress: (keys: string) => void) {
    this.#phone = phone;
    this.#groups = [...groups];
    this.#onPress = onPress;
  }

  /** What the call does. */
  see({ type, span }: DebugEvent): void {
    if (type !== 'start') return;
    if (span.name === 'verb Gather' || span.name === 'action collect_dtmf') {
      clearTimeout(this.#lonePrompt);
      this.#press();
    } else if (span.name === 'media.play') {
      clearTimeout(this.#lonePrompt);
      this.#lonePrompt = setTimeout(() => this.#press(), LONE_PROMPT_MS);
    }
  }

  #press(): void {
    const keys = this.#groups.shift();
    if (keys === undefined) return;
    const press = (): void => {
      if (this.#phone.state !== 'answered') return;
      this.#onPress(keys);
      this.pressed += keys;
      this.#phone.press(keys).catch(() => {});
    };
    // The gather may begin while the answer is still on its way.
    this.#phone.answered.then(press, () => {});
  }

  stop(): void {
    clearTimeout(this.#lonePrompt);
  }
}
