import { randomBytes } from 'node:crypto';
import { type Fault, fault, faultOf } from '../../crds/errors/fault.ts';
import { roomCodes } from '../../crds/errors/rooms.ts';
import type { Call } from '../call/call.ts';
import { unlessAborted } from '../call/waiting.ts';
import type { Dialler } from '../dial/dialler.ts';
import type { LegMedia } from '../media/leg-media.ts';
import type { RecordingAbout } from '../recordings/entry.ts';
import type { OpenRecording, Recordings } from '../recordings/recordings.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { Pair } from '../webhook/encode.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import { type RoomCallback, RoomEvents, type RoomEventsDeps } from './room-events.ts';

/** What a participant asks of a conference; Twilio's rules. */
export interface JoinWish {
  readonly call: Call;
  readonly account: string;
  readonly name: string;
  /** The conference may start with this participant; it does when two are there. */
  readonly startOnEnter: boolean;
  readonly endOnExit: boolean;
  readonly muted: boolean;
  readonly deaf: boolean;
  readonly beep: { readonly enter: boolean; readonly exit: boolean };
  /** Counts where this participant is the first. */
  readonly maxParticipants: number;
  readonly recording?: { readonly about: RecordingAbout; readonly settings: PivotSettings };
  readonly callback?: RoomCallback;
  /** What is heard until it starts; rejects or resolves when `signal` aborts. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
  /** The conference has started, and the participant is about to enter the mix. */
  readonly onStart?: (sid: string) => void;
  /** With which a conference of another worker is called; without, it is this worker's. */
  readonly dialler?: Dialler;
  /** Ends the participant's stay. */
  readonly signal?: AbortSignal;
  readonly span: CallSpan;
}

export interface Stayed {
  /** `ended`: the conference is over. `left`: only the stay is. `refused`: it never began. */
  readonly how: 'ended' | 'left' | 'refused';
  readonly fault?: Fault;
  readonly sid: string;
  /** In the conference, waiting included. */
  readonly ms: number;
}

/** The conferences of this worker. */
export interface Rooms {
  /** Stays until the conference, the wish or the call ends; then nothing of the stay is left. Rejects only when the call is over before. */
  join(wish: JoinWish): Promise<Stayed>;
  readonly open: number;
}

export interface RoomsDeps extends RoomEventsDeps {
  readonly recordings: Pick<Recordings, 'open'>;
  /** A conference is over (`account/name`). */
  readonly onClosed?: (room: string) => void;
}

const BEEP = 'tone_stream://v=-13;%(200,0,660)';
/** A conference does not start before: one alone has nobody to hear. */
const LEAST_TO_START = 2;

export function createRooms(deps: RoomsDeps): Rooms {
  const rooms = new Map<string, Room>();
  return {
    get open() {
      return rooms.size;
    },
    async join(wish) {
      await wish.call.answer();
      const key = `${wish.account}/${wish.name}`;
      let room = rooms.get(key);
      if (room === undefined) {
        const made: Room = new Room(deps, wish, () => {
          // A later one of the same name is another.
          if (rooms.get(key) !== made) return;
          rooms.delete(key);
          deps.onClosed?.(key);
        });
        room = made;
        rooms.set(key, room);
      }
      return room.stay(wish);
    },
  };
}

interface Participant {
  readonly wish: JoinWish;
  /** Once it is in the mix. */
  media: LegMedia | undefined;
}

class Room {
  readonly #deps: RoomsDeps;
  readonly #sid = `CF${randomBytes(16).toString('hex')}`;
  readonly #most: number;
  readonly #events: RoomEvents;
  readonly #onClosed: () => void;
  readonly #participants = new Set<Participant>();
  readonly #started = new AbortController();
  readonly #ended = new AbortController();
  #recording: Promise<OpenRecording | undefined> | undefined;

  constructor(deps: RoomsDeps, first: JoinWish, onClosed: () => void) {
    this.#deps = deps;
    this.#most = first.maxParticipants;
    this.#events = new RoomEvents(deps, { account: first.account, name: first.name, sid: this.#sid });
    this.#onClosed = onClosed;
  }

  async stay(wish: JoinWish): Promise<Stayed> {
    const since = this.#deps.now();
    const stayed = (how: Stayed['how'], reason?: Fault): Stayed => ({
      how,
      sid: this.#sid,
      ms: this.#deps.now() - since,
      ...(reason === undefined ? {} : { fault: reason }),
    });
    if (this.#participants.size >= this.#most) {
      const message = `"${wish.name}" has ${this.#most} participants, which is its limit`;
      return stayed('refused', fault(roomCodes.conferenceFull, message));
    }
    const participant: Participant = { wish, media: undefined };
    const { call, span } = wish;
    span.set({ 'pivot.conference.sid': this.#sid });
    this.#participants.add(participant);
    this.#events.use(wish.callback);
    this.#events.tell('join', this.#about(wish), call.span);
    this.#startIfDue(wish);
    const out = AbortSignal.any([call.signal, this.#ended.signal, ...(wish.signal === undefined ? [] : [wish.signal])]);
    let reason: Fault | undefined;
    try {
      if (!this.#started.signal.aborted) await this.#wait(wish, AbortSignal.any([this.#started.signal, out]));
      if (!out.aborted) {
        wish.onStart?.(this.#sid);
        await this.#talk(participant, out);
      }
    } catch (error) {
      reason = call.signal.aborted ? undefined : faultOf(error, roomCodes.notJoined);
    }
    const ended = this.#ended.signal.aborted;
    await this.#leave(participant);
    if (reason !== undefined) return stayed('refused', reason);
    return stayed(ended ? 'ended' : 'left');
  }

  async #wait({ wait, call, span }: JoinWish, until: AbortSignal): Promise<void> {
    span.event('pivot.conference.waiting');
    await wait(until).catch((error: unknown) => {
      if (!until.aborted) throw error;
    });
    // Whatever there was to hear is over: the rest of the wait is silence.
    if (!until.aborted) await unlessAborted(new Promise<never>(() => {}), until).catch(() => {});
    call.signal.throwIfAborted();
  }

  #startIfDue({ call }: JoinWish): void {
    if (this.#started.signal.aborted || this.#participants.size < LEAST_TO_START) return;
    if (![...this.#participants].some(({ wish }) => wish.startOnEnter)) return;
    this.#started.abort(new Error('the conference has started'));
    this.#events.tell('start', [], call.span);
  }

  async #talk(participant: Participant, out: AbortSignal): Promise<void> {
    const { wish } = participant;
    const media = await wish.call.media();
    const stay = media.confer(this.#sid, wish, out);
    if (!(await stay.inside)) {
      await stay.left;
      if (!out.aborted) throw new Error('FreeSWITCH did not let it in');
      return;
    }
    participant.media = media;
    wish.span.event('pivot.conference.joined', { 'pivot.conference.size': this.#participants.size });
    if (wish.beep.enter) await this.#say(media);
    this.#record(media);
    await stay.left;
    participant.media = undefined;
  }

  async #leave(participant: Participant): Promise<void> {
    const { wish } = participant;
    this.#participants.delete(participant);
    this.#events.tell('leave', this.#about(wish), wish.call.span);
    const [other] = [...this.#participants].filter(({ media }) => media !== undefined);
    if (wish.endOnExit && this.#started.signal.aborted) this.#end(wish, 'participant-with-end-conference-on-exit-left');
    else if (wish.beep.exit && other?.media !== undefined) await this.#say(other.media);
    if (this.#participants.size > 0) return;
    if (!this.#ended.signal.aborted) this.#end(wish, 'last-participant-left');
    this.#onClosed();
    const recording = await this.#recording;
    await recording?.finish();
  }

  #end({ call }: JoinWish, why: string): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(new Error('the conference is over'));
    // A name that is used again from now on is another conference.
    this.#onClosed();
    if (!this.#started.signal.aborted) return;
    const about: readonly Pair[] = [
      ['CallSidEndingConference', call.facts().callId],
      ['ReasonConferenceEnded', why],
    ];
    this.#events.tell('end', about, call.span);
  }

  async #say(media: LegMedia): Promise<void> {
    await media.roomCommand(this.#sid, `play ${BEEP}`).catch(() => {});
  }

  /** From the start, by whoever is in the mix first. The file is complete when the mix is gone. */
  #record(media: LegMedia): void {
    if (this.#recording !== undefined) return;
    const wanted = [...this.#participants].find(({ wish }) => wish.recording !== undefined)?.wish;
    if (wanted?.recording === undefined) return;
    const { about, settings } = wanted.recording;
    this.#recording = this.#deps.recordings
      .open(about, settings)
      .then(async (open) => {
        await media.roomCommand(this.#sid, `recording start ${open.path}`);
        return open;
      })
      .catch((error: unknown) => {
        wanted.call.span.warn(faultOf(error, roomCodes.notJoined));
        return undefined;
      });
  }

  #about({ call, muted, startOnEnter, endOnExit }: JoinWish): readonly Pair[] {
    return [
      ['CallSid', call.facts().callId],
      ['Muted', String(muted)],
      ['Hold', 'false'],
      ['Coaching', 'false'],
      ['StartConferenceOnEnter', String(startOnEnter)],
      ['EndConferenceOnExit', String(endOnExit)],
    ];
  }
}
