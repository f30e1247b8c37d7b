import { answerOffer, type LocalMedia } from '../rtp/sdp.ts';
import { DEFAULT_DIGIT_MS } from '../rtp/telephone-event.ts';
import type { AudioSource, ReceivedDigit, RtpSession } from '../rtp/types.ts';
import type { Dialog, DialogEnd, ExtraHeaders, IncomingCall, SipMessage } from '../sip/types.ts';
import { type Ear, ListeningEar } from './ear.ts';
import type { CallEnd } from './types.ts';

/** A call that comes to a phone and has not been answered. */
export interface RingingCall {
  readonly callId: string;
  readonly invite: SipMessage;
  /** Aborts when the caller gives up before an answer. */
  readonly cancelled: AbortSignal;
  header(name: string): string | undefined;
  /** 180 Ringing. */
  ring(): void;
  /** 183 with sound: what a carrier plays before the answer. */
  early(source: AudioSource): Promise<void>;
  /** 200. Rejects when the offer cannot be taken. */
  answer(options?: { readonly source?: AudioSource }): Promise<TakenCall>;
  reject(status: number, headers?: ExtraHeaders): void;
}

/** A call that a phone has answered. */
export interface TakenCall {
  readonly callId: string;
  readonly ear: Ear;
  readonly dialog: Dialog;
  /** Digits that came from the far end. */
  readonly digits: readonly ReceivedDigit[];
  /** Resolves when it is over. Never rejects. */
  readonly ended: Promise<CallEnd>;
  press(digits: string): Promise<void>;
  play(source: AudioSource): void;
  hangup(headers?: ExtraHeaders): Promise<CallEnd>;
  /** Sends a re-INVITE that holds the far end (`a=sendonly`), or takes it back. Resolves with the far end's answer. */
  hold(on: boolean): Promise<string>;
}

export function userOf(invite: SipMessage): string {
  const user = /^sips?:([^@;]*)@/i.exec(invite.uri ?? '')?.[1] ?? '';
  return decodeURIComponent(user);
}

export class Ringing implements RingingCall {
  readonly #incoming: IncomingCall;
  readonly #openMedia: () => Promise<RtpSession>;
  readonly #ear: Promise<ListeningEar>;
  #media: Promise<{ readonly rtp: RtpSession; readonly sdp: string }> | undefined;
  /** Resolves when nothing is left of it. */
  readonly over: Promise<void>;
  readonly #over = Promise.withResolvers<void>();
  #taken: TakenCall | undefined;

  constructor(incoming: IncomingCall, openMedia: () => Promise<RtpSession>) {
    this.#incoming = incoming;
    this.#openMedia = openMedia;
    this.#ear = ListeningEar.open(undefined).then((ear) => ear as ListeningEar);
    this.over = this.#over.promise;
    incoming.cancelled.addEventListener('abort', () => void this.#free(), { once: true });
  }

  get callId(): string {
    return this.header('call-id') ?? '';
  }

  get invite(): SipMessage {
    return this.#incoming.invite;
  }

  get cancelled(): AbortSignal {
    return this.#incoming.cancelled;
  }

  header(name: string): string | undefined {
    return this.invite.headers.get(name.toLowerCase())?.[0];
  }

  ring(): void {
    this.#incoming.provisional(180);
  }

  async early(source: AudioSource): Promise<void> {
    const { rtp, sdp } = await this.#opened();
    rtp.source = source;
    this.#incoming.provisional(183, sdp);
  }

  async answer({ source }: { readonly source?: AudioSource } = {}): Promise<TakenCall> {
    const [{ rtp, sdp }, ear] = await Promise.all([this.#opened(), this.#ear]);
    if (source !== undefined) rtp.source = source;
    const { dialog, acknowledged } = this.#incoming.accept(sdp);
    acknowledged.catch(() => {});
    const digits: ReceivedDigit[] = [];
    rtp.onDigit = (digit) => digits.push(digit);
    dialog.onReinvite = (offer) => this.#local(rtp, offer);
    const ended = new Promise<CallEnd>((resolve) => {
      const over = (): void => resolve(endOf(dialog.ended.reason as DialogEnd));
      dialog.ended.addEventListener('abort', over, { once: true });
      if (dialog.ended.aborted) over();
    });
    void ended.then(() => this.#free());
    this.#taken = {
      callId: this.callId,
      ear,
      dialog,
      digits,
      ended,
      press: (keys) => rtp.sendDigits(keys, DEFAULT_DIGIT_MS),
      play: (next) => {
        rtp.source = next;
      },
      hangup: (headers) => {
        dialog.bye(headers).catch(() => {});
        return ended;
      },
      hold: (on) => dialog.reinvite(sdp.replace(/a=(sendrecv|sendonly)/, on ? 'a=sendonly' : 'a=sendrecv')),
    };
    return this.#taken;
  }

  reject(status: number, headers?: ExtraHeaders): void {
    this.#incoming.reject(status, undefined, headers);
    void this.#free();
  }

  /** Ends it, whatever it is doing. */
  async close(): Promise<void> {
    if (this.#taken !== undefined) await this.#taken.hangup();
    else if (!this.cancelled.aborted) {
      try {
        this.reject(480);
      } catch {
        // Answered or refused already.
      }
    }
    await this.over;
  }

  #opened(): Promise<{ readonly rtp: RtpSession; readonly sdp: string }> {
    this.#media ??= (async () => {
      const [rtp, ear] = await Promise.all([this.#openMedia(), this.#ear]);
      rtp.addSink(ear);
      return { rtp, sdp: this.#local(rtp, this.invite.body) };
    })();
    return this.#media;
  }

  #local(rtp: RtpSession, offer: string): string {
    const local: LocalMedia = {
      address: rtp.addressFor(''),
      port: rtp.localPort,
      name: 'pivot-phone',
      sessionVersion: 1,
    };
    const answer = answerOffer(offer, local);
    if ('code' in answer) throw new Error(answer.message);
    rtp.setRemote(answer.remote);
    return answer.sdp;
  }

  async #free(): Promise<void> {
    const [ear, media] = await Promise.all([this.#ear, this.#media?.catch(() => undefined)]);
    media?.rtp.close();
    ear.close();
    this.#over.resolve();
  }
}

function endOf({ side, message }: DialogEnd): CallEnd {
  const reasonHeader = message?.headers.get('reason')?.[0];
  return {
    by: side,
    ...(message === undefined ? {} : { message }),
    ...(reasonHeader === undefined ? {} : { reasonHeader }),
  };
}
