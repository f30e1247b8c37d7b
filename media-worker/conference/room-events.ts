import { roomCodes } from '../../crds/errors/rooms.ts';
import type { Background } from '../callflow/background.ts';
import type { Outgoing } from '../outgoing/types.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { Pair } from '../webhook/encode.ts';
import { notify } from '../webhook/notify.ts';
import type { PivotSettings } from '../webhook/settings.ts';

/** Twilio's words in `statusCallbackEvent`, of those that happen here. */
export type RoomEvent = 'start' | 'end' | 'join' | 'leave';

const NAMES: Readonly<Record<RoomEvent, string>> = {
  start: 'conference-start',
  end: 'conference-end',
  join: 'participant-join',
  leave: 'participant-leave',
};

/** Who is told of a conference: what the first participant asked for. */
export interface RoomCallback {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly events: readonly RoomEvent[];
  readonly settings: PivotSettings;
}

export interface RoomEventsDeps {
  readonly outgoing: Outgoing;
  readonly background: Background;
  readonly now: () => number;
}

/** Tells a web server of one conference, event by event, in their order. */
export class RoomEvents {
  readonly #deps: RoomEventsDeps;
  readonly #about: readonly Pair[];
  readonly #sid: string;
  #callback: RoomCallback | undefined;
  #sequence = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: RoomEventsDeps, room: { account: string; name: string; sid: string }) {
    this.#deps = deps;
    this.#sid = room.sid;
    this.#about = [
      ['AccountSid', room.account],
      ['ConferenceSid', room.sid],
      ['FriendlyName', room.name],
    ];
  }

  /** The first that is given counts, as with Twilio. */
  use(callback: RoomCallback | undefined): void {
    this.#callback ??= callback;
  }

  tell(event: RoomEvent, about: readonly Pair[], span: CallSpan): void {
    const callback = this.#callback;
    if (callback === undefined || !callback.events.includes(event)) return;
    this.#sequence += 1;
    const form: readonly Pair[] = [
      ...this.#about,
      ['StatusCallbackEvent', NAMES[event]],
      ['SequenceNumber', String(this.#sequence)],
      ['Timestamp', new Date(this.#deps.now()).toUTCString()],
      ...about,
    ];
    const key = `${this.#sid}/${this.#sequence}`;
    const { outgoing, background } = this.#deps;
    const before = this.#last;
    background.run(
      (signal) => {
        const told = before.then(async () => {
          const { url, method, settings } = callback;
          const failed = await notify({ url, method, form, key }, settings, {
            outgoing,
            span,
            signal,
            code: roomCodes.eventFailed,
          });
          if (failed !== undefined) span.warn(failed);
        });
        this.#last = told.catch(() => {});
        return told;
      },
      () => {},
    );
  }
}
