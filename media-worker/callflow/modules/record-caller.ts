import { faultOf } from '../../../crds/errors/fault.ts';
import { recordingCodes } from '../../../crds/errors/recording.ts';
import { integer } from '../data.ts';
import { type CallflowModule, CONTINUE } from '../module.ts';
import { recordingAbout } from './record-call.ts';

const ANY_KEY = '0123456789*#';
/** Kazoo's 5 hits of silence. */
const SILENCE_SECONDS = 5;
const DEFAULT_LIMIT_SECONDS = 3600;

/**
 * Answers and records the caller until any key, 5 s of silence, the limit or hang-up; then goes on at `_`. It plays no beep. Without `url` the
 * recording is kept in the worker's store; Kazoo then neither answers nor records unless the account has storage.
 */
export const recordCaller: CallflowModule = {
  name: 'record_caller',
  async run(context, data) {
    const { call, services, span } = context;
    await call.answer();
    let recording: Awaited<ReturnType<typeof services.recordings.open>>;
    try {
      recording = await services.recordings.open(recordingAbout(context, data, 'RecordCaller', 1));
    } catch (error) {
      span.warn(faultOf(error, recordingCodes.notRecorded));
      return CONTINUE;
    }
    for (const warning of recording.warnings) span.warn(warning);
    span.set({ 'pivot.recording.sid': recording.sid });
    const maxSeconds = integer(data, 'time_limit') ?? DEFAULT_LIMIT_SECONDS;
    const outcome = await call
      .record({ path: recording.path, maxSeconds, silenceSeconds: SILENCE_SECONDS, stopOn: ANY_KEY, span })
      .catch(async (error: unknown): Promise<never> => {
        await recording.finish({ absent: true });
        throw error;
      });
    const finished = await recording.finish({ absent: outcome.endedBy === 'failed' });
    span.set({ 'pivot.recording.ended_by': outcome.endedBy, 'pivot.recording.result': finished.kind });
    if (finished.kind === 'recorded') {
      const { url, sid, durationSeconds, durationMs } = finished;
      span.set({ 'pivot.recording.duration_ms': durationMs });
      call.memory.recording = { url, sid, durationSeconds };
    } else if (finished.fault !== undefined) span.warn(finished.fault);
    return CONTINUE;
  },
};
