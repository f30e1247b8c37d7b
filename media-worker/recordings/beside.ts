import { type Fault, faultOf } from '../../crds/errors/fault.ts';
import { recordingCodes } from '../../crds/errors/recording.ts';
import type { BackgroundRecording, Call } from '../call/call.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import type { RecordingAbout } from './entry.ts';
import type { Finished, OpenRecording, Recordings } from './recordings.ts';

export interface BesideOptions {
  readonly about: RecordingAbout;
  /** What `stop` may name it by. */
  readonly name?: string;
  readonly maxSeconds: number;
  /** `answer`: as soon as the call is answered, now if it is. `bridge`: when the caller is connected to somebody. */
  readonly from: 'answer' | 'bridge';
  readonly settings?: PivotSettings;
}

/** The recordings of a call that go on beside whatever it does: a stack, as Kazoo's. */
export interface BesideRecordings {
  /** Returns at once; the recording begins when its time has come. What goes wrong is told to `warn`. */
  start(options: BesideOptions, warn: (fault: Fault) => void): void;
  /** The caller has been connected to somebody. */
  bridged(): void;
  /** Ends the latest recording, or the one of this name. Undefined when there is none, or when it had not begun. */
  stop(name?: string): Promise<Finished | undefined>;
  /** The call is over: all of them end. To be waited for before the leg's sound is freed. */
  end(): Promise<void>;
}

interface Going {
  readonly name: string | undefined;
  readonly bridge: PromiseWithResolvers<void>;
  /** Resolves when it has begun; undefined when it never did. */
  readonly begun: Promise<{ readonly open: OpenRecording; readonly sound: BackgroundRecording } | undefined>;
  readonly cancel: AbortController;
}

export function besideRecordings(call: Call, recordings: Pick<Recordings, 'open'>): BesideRecordings {
  const stack: Going[] = [];

  async function begin(
    { about, maxSeconds, from, settings }: BesideOptions,
    bridge: Promise<void>,
    cancel: AbortSignal,
  ): Promise<{ open: OpenRecording; sound: BackgroundRecording } | undefined> {
    await (from === 'bridge' ? bridge : call.untilAnswered());
    if (cancel.aborted || call.signal.aborted) return undefined;
    const open = await recordings.open(about, settings);
    try {
      const sound = await call.recordBeside({ path: open.path, channels: about.channels, maxSeconds });
      return { open, sound };
    } catch (error) {
      await open.finish({ absent: true });
      throw error;
    }
  }

  async function finish({ bridge, begun, cancel }: Going): Promise<Finished | undefined> {
    cancel.abort();
    bridge.resolve();
    const going = await begun;
    if (going === undefined) return undefined;
    await going.sound.stop();
    const finished = await going.open.finish();
    if (finished.kind === 'recorded') {
      const { url, sid, durationSeconds } = finished;
      call.memory.recording = { url, sid, durationSeconds };
    }
    return finished;
  }

  return {
    start(options, warn) {
      const bridge = Promise.withResolvers<void>();
      const cancel = new AbortController();
      const begun = begin(options, bridge.promise, cancel.signal).catch((error: unknown) => {
        if (!call.signal.aborted) warn(faultOf(error, recordingCodes.notRecorded));
        return undefined;
      });
      stack.push({ name: options.name, bridge, begun, cancel });
    },
    bridged() {
      for (const { bridge } of stack) bridge.resolve();
    },
    async stop(name) {
      const index = name === undefined ? stack.length - 1 : stack.findLastIndex((going) => going.name === name);
      const [going] = index < 0 ? [] : stack.splice(index, 1);
      return going === undefined ? undefined : finish(going);
    },
    async end() {
      await Promise.allSettled(stack.splice(0).map(finish));
    },
  };
}
