import { dialCodes } from '../../crds/errors/dial.ts';
import { faultOf } from '../../crds/errors/fault.ts';
import { recordingCodes } from '../../crds/errors/recording.ts';
import type { BackgroundRecording, Call } from '../call/call.ts';
import type { LegMedia } from '../media/leg-media.ts';
import type { Sound } from '../media/sound.ts';
import type { RecordingAbout } from '../recordings/entry.ts';
import type { OpenRecording, Recordings } from '../recordings/recordings.ts';
import type { CallSpan } from '../telemetry/span.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import type { BLeg } from './b-leg.ts';
import { CANCELED, type FailedStatus, type LegFailure } from './failure.ts';
import { ring } from './ring.ts';
import { type LegPlan, type RingPlan, ringsAlone } from './ring-plan.ts';

/** What a call wants of a call out, beside who is rung. */
export interface DialWish {
  /** Milliseconds that both may be connected, from the answer. */
  readonly limitMs: number;
  /** Answers the caller before anybody is rung; else the caller is answered when the called side is. */
  readonly answerFirst: boolean;
  /** Whether the caller hears what the called side plays before it answers, where it is the only one that rings. */
  readonly earlyMedia: boolean;
  /** What a caller who has been answered hears while it rings. Default: nothing. */
  readonly ringback?: Sound;
  /** A key of the caller that ends the leg, e.g. `*`; empty: none does. */
  readonly endLegOn: string;
  /** A key of the caller that ends the call. */
  readonly endCallOn: string;
  /** Records both sides. */
  readonly recording?: {
    readonly about: RecordingAbout;
    readonly settings: PivotSettings;
    /** From the first ring, where the caller has been answered by then; else from the connection. */
    readonly fromRinging: boolean;
  };
  readonly span: CallSpan;
}

/** How a call out ended. */
export interface Dialled {
  readonly status: 'completed' | FailedStatus;
  /** FreeSWITCH's name of the Q.850 cause. */
  readonly cause: string;
  readonly sipStatus?: number;
  /** SIP Call-ID of the leg that was connected, or of the last that was tried. */
  readonly legCallId?: string;
  readonly bridged: boolean;
  /** From the called side's answer to its end. */
  readonly answeredMs: number;
  /** Keys that the caller pressed while both were connected. */
  readonly digits: string;
}

export interface DialDeps {
  readonly call: Call;
  readonly leg: (plan: LegPlan, span: CallSpan, onEarlyMedia: (leg: BLeg) => void) => BLeg;
  readonly recordings: Pick<Recordings, 'open'>;
  /** Both are connected. */
  readonly onBridged: () => void;
}

/**
 * Calls out and connects whoever takes the call, until one side hangs up. The caller survives the called side; when the caller goes, so does
 * everybody who was called. Never rejects, also when the call ends: what became of it can be told.
 */
export async function dial(plan: RingPlan, wish: DialWish, deps: DialDeps): Promise<Dialled> {
  const { call } = deps;
  if (wish.answerFirst) await call.answer().catch(() => {});
  const dialled = call.signal.aborted ? failed(CANCELED) : await new Dial(plan, wish, deps).run();
  // Calls are looked for by what became of calling out.
  const { status, sipStatus } = dialled;
  call.span.set({
    'pivot.dial.status': status,
    ...(sipStatus === undefined ? {} : { 'pivot.dial.sip_status': sipStatus }),
  });
  return dialled;
}

/** Longest recording of a call out. */
const RECORD_SECONDS = 86_400;

class Dial {
  readonly #plan: RingPlan;
  readonly #wish: DialWish;
  readonly #deps: DialDeps;
  /** What the caller hears while it rings: one thing at a time. */
  #heard: { stop(): Promise<void> } | undefined;
  /** Connecting the caller with what a leg plays before it answers. */
  #early: Promise<void> = Promise.resolve();
  #bridge: Bridge | undefined;
  #lastLeg: string | undefined;
  #digits = '';
  #recording: Promise<Going | undefined> | undefined;

  constructor(plan: RingPlan, wish: DialWish, deps: DialDeps) {
    this.#plan = plan;
    this.#wish = wish;
    this.#deps = deps;
  }

  async run(): Promise<Dialled> {
    const { call } = this.#deps;
    const { span, recording } = this.#wish;
    this.#ringback();
    if (recording?.fromRinging === true && call.answered) this.#record();
    try {
      const rung = await ring(this.#plan, { leg: (plan) => this.#leg(plan), signal: call.signal, span });
      await this.#early;
      if (rung.kind === 'taken') return await this.#connect(rung.leg);
      if (call.signal.aborted) return failed(CANCELED, this.#lastLeg);
      if (rung.failure.fault?.severity === 'error') span.fail(rung.failure.fault);
      return failed(rung.failure, this.#lastLeg);
    } finally {
      await this.#heard?.stop();
      await this.#bridge?.part();
      await this.#endRecording();
    }
  }

  #leg(plan: LegPlan): BLeg {
    const leg = this.#deps.leg(plan, this.#wish.span, (early) => this.#hearEarly(early));
    this.#lastLeg = leg.callId;
    return leg;
  }

  #ringback(): void {
    const { call } = this.#deps;
    // One who has not been answered hears what the phone makes of our 180.
    if (!call.answered || this.#heard !== undefined) return;
    const stop = new AbortController();
    const { ringback, span } = this.#wish;
    if (ringback === undefined) return;
    const played = call.play(ringback, { stopOn: '', signal: stop.signal, span }).then(
      () => {},
      () => {},
    );
    this.#heard = {
      async stop() {
        stop.abort(new Error('somebody is there'));
        await played;
      },
    };
  }

  /** A leg plays something before it answers (a carrier's announcement or ringing): the caller hears that, where it is the only one that rings. */
  #hearEarly(leg: BLeg): void {
    const { screen, sendDigits } = leg.plan.wish;
    if (
      !this.#wish.earlyMedia ||
      !ringsAlone(this.#plan) ||
      screen !== undefined ||
      sendDigits !== undefined ||
      this.#bridge !== undefined
    )
      return;
    this.#early = this.#joinEarly(leg);
  }

  async #joinEarly(leg: BLeg): Promise<void> {
    const { call } = this.#deps;
    try {
      await this.#silence();
      const [own, theirs] = await Promise.all([call.earlyMedia(), leg.earlyMedia()]);
      if (call.signal.aborted || leg.signal.aborted) return;
      const bridge = new Bridge(own, theirs);
      this.#bridge = bridge;
      this.#wish.span.event('pivot.dial.early_media');
      leg.signal.addEventListener('abort', () => void this.#partEarly(bridge), { once: true });
    } catch (error) {
      if (!call.signal.aborted && !leg.signal.aborted) this.#wish.span.warn(faultOf(error, dialCodes.notBridged));
    }
  }

  /** The leg was not answered after all: the next one may ring. */
  async #partEarly(bridge: Bridge): Promise<void> {
    if (this.#bridge === bridge) this.#bridge = undefined;
    await bridge.part();
    if (!this.#deps.call.signal.aborted) this.#ringback();
  }

  async #silence(): Promise<void> {
    const heard = this.#heard;
    this.#heard = undefined;
    await heard?.stop();
  }

  async #connect(leg: BLeg): Promise<Dialled> {
    const { call } = this.#deps;
    const { span, limitMs } = this.#wish;
    let bridged = false;
    try {
      await this.#silence();
      await call.answer();
      const [own, theirs] = await Promise.all([call.media(), leg.media()]);
      const bridge = this.#bridge ?? new Bridge(own, theirs);
      this.#bridge = bridge;
      await bridge.joined;
      bridged = true;
      span.event('pivot.dial.connected', { 'pivot.leg.call_id': leg.callId });
      this.#deps.onBridged();
      this.#record();
      await this.#talk(bridge, leg, limitMs);
    } catch (error) {
      if (call.signal.aborted) {
        leg.cancel(CANCELED);
        return failed(CANCELED, leg.callId);
      }
      // One who hangs up at the very moment of the answer has answered all the same.
      if (!leg.signal.aborted) {
        const reason = faultOf(error, dialCodes.notBridged);
        span.warn(reason);
        leg.cancel({ status: 'failed', cause: 'NORMAL_TEMPORARY_FAILURE' });
        return failed({ status: 'failed', cause: 'NORMAL_TEMPORARY_FAILURE', fault: reason }, leg.callId);
      }
    }
    await leg.hangup();
    return {
      status: 'completed',
      cause: 'NORMAL_CLEARING',
      legCallId: leg.callId,
      bridged,
      answeredMs: leg.answeredMs,
      digits: this.#digits,
    };
  }

  /** Until one side hangs up, a key or the time parts them. */
  async #talk(bridge: Bridge, leg: BLeg, limitMs: number): Promise<void> {
    const { call } = this.#deps;
    const { endLegOn, endCallOn, span } = this.#wish;
    const part = Promise.withResolvers<void>();
    const ended = (why: string) => (): void => {
      span.set({ 'pivot.dial.ended_by': why });
      part.resolve();
    };
    const timer = setTimeout(ended('limit'), limitMs);
    const stopListening = call.digits.listen((digit) => {
      // What is pressed now is meant for the other side, and not for a later <Gather>.
      call.digits.takeBack(digit);
      if (endCallOn.includes(digit)) void call.hangup();
      else if (endLegOn.includes(digit)) ended('key')();
      else this.#digits += digit;
    });
    const onCaller = ended('caller');
    const onCallee = ended('callee');
    call.signal.addEventListener('abort', onCaller, { once: true });
    leg.signal.addEventListener('abort', onCallee, { once: true });
    try {
      if (call.signal.aborted) onCaller();
      else if (leg.signal.aborted) onCallee();
      await Promise.race([part.promise, bridge.apart]);
      await bridge.part();
    } finally {
      clearTimeout(timer);
      stopListening();
      call.signal.removeEventListener('abort', onCaller);
      leg.signal.removeEventListener('abort', onCallee);
    }
  }

  #record(): void {
    const { recording, span } = this.#wish;
    if (recording === undefined || this.#recording !== undefined) return;
    const { call, recordings } = this.#deps;
    this.#recording = begin(call, recordings, recording).catch((error: unknown) => {
      if (!call.signal.aborted) span.warn(faultOf(error, recordingCodes.notRecorded));
      return undefined;
    });
  }

  async #endRecording(): Promise<void> {
    const going = await this.#recording;
    if (going === undefined) return;
    await going.sound.stop();
    const finished = await going.open.finish();
    if (finished.kind !== 'recorded') return;
    const { sid, url, durationSeconds } = finished;
    this.#deps.call.memory.recording = { sid, url, durationSeconds };
    this.#wish.span.set({ 'pivot.recording.sid': sid });
  }
}

interface Going {
  readonly open: OpenRecording;
  readonly sound: BackgroundRecording;
}

async function begin(
  call: Call,
  recordings: Pick<Recordings, 'open'>,
  { about, settings }: NonNullable<DialWish['recording']>,
): Promise<Going> {
  const open = await recordings.open(about, settings);
  try {
    const sound = await call.recordBeside({ path: open.path, channels: about.channels, maxSeconds: RECORD_SECONDS });
    return { open, sound };
  } catch (error) {
    await open.finish({ absent: true });
    throw error;
  }
}

/** Two legs that hear each other, until `part`. */
class Bridge {
  readonly #stop = new AbortController();
  /** Resolves when they are apart, whoever did it. Never rejects. */
  readonly apart: Promise<void>;
  /** Rejects when they could not be joined. */
  readonly joined: Promise<void>;

  constructor(own: LegMedia, theirs: LegMedia) {
    const joined = Promise.withResolvers<void>();
    joined.promise.catch(() => {});
    this.joined = joined.promise;
    this.apart = own.bridge(theirs, this.#stop.signal, joined.resolve).then(joined.resolve, joined.reject);
  }

  async part(): Promise<void> {
    this.#stop.abort(new Error('the bridge is over'));
    await this.apart;
  }
}

function failed({ status, cause, sipStatus, callId }: LegFailure, lastLeg?: string): Dialled {
  const legCallId = callId ?? lastLeg;
  return {
    status,
    cause,
    ...(sipStatus === undefined ? {} : { sipStatus }),
    ...(legCallId === undefined ? {} : { legCallId }),
    bridged: false,
    answeredMs: 0,
    digits: '',
  };
}
