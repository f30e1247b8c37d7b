import { dialCodes } from '../../crds/errors/dial.ts';
import type { CallFacts } from '../call/facts.ts';
import type { Background } from '../callflow/background.ts';
import type { Outgoing } from '../outgoing/types.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { Pair } from '../webhook/encode.ts';
import { notify } from '../webhook/notify.ts';
import type { PivotSettings } from '../webhook/settings.ts';

/** Twilio's words in `statusCallbackEvent`. */
export type LegEvent = 'initiated' | 'ringing' | 'answered' | 'completed';

/** Who is told of a called leg. */
export interface LegCallback {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly events: readonly LegEvent[];
  readonly settings: PivotSettings;
}

export interface LegEventsDeps {
  readonly outgoing: Outgoing;
  readonly background: Background;
  readonly now: () => number;
}

/** Tells a web server of one called leg, event by event, in their order. Nobody waits for it. */
export class LegEvents {
  readonly #deps: LegEventsDeps;
  readonly #callback: LegCallback | undefined;
  #sequence = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: LegEventsDeps, callback: LegCallback | undefined) {
    this.#deps = deps;
    this.#callback = callback;
  }

  /** `about`: what belongs to this event, e.g. the duration. */
  tell(event: LegEvent, facts: CallFacts, status: string, span: CallSpan, about: readonly Pair[] = []): void {
    const callback = this.#callback;
    if (callback === undefined || !callback.events.includes(event)) return;
    const form: readonly Pair[] = [
      ['CallSid', facts.callId],
      ['ParentCallSid', facts.parentCallId ?? ''],
      ['AccountSid', facts.account],
      ['From', facts.from.user ?? ''],
      ['To', facts.to.user ?? facts.to.host ?? ''],
      ['Direction', 'outbound-dial'],
      ['CallStatus', status],
      ['CallbackSource', 'call-progress-events'],
      ['SequenceNumber', String(this.#sequence)],
      ['Timestamp', new Date(this.#deps.now()).toUTCString()],
      ...about,
    ];
    const key = `${encodeURI(facts.callId.toWellFormed())}/${this.#sequence}`;
    this.#sequence += 1;
    const { outgoing, background } = this.#deps;
    const before = this.#last;
    background.run(
      (signal) => {
        const told = before.then(async () => {
          const { url, method, settings } = callback;
          const deps = { outgoing, span, signal, code: dialCodes.eventFailed };
          const failed = await notify({ url, method, form, key }, settings, deps);
          if (failed !== undefined) span.warn(failed);
        });
        this.#last = told.catch(() => {});
        return told;
      },
      () => {},
    );
  }
}
