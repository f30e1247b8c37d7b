import type { AudioSink, Frame } from '../../rtp/types.ts';
import { numberOf, splitArguments } from '../arguments.ts';
import { extendedHeaders } from '../channel-headers.ts';
import type { Header } from '../event.ts';
import type { Application } from '../execution.ts';
import { playbackTerminators } from '../playback.ts';
import { setRecordVariables } from '../recording.ts';
import { openRecorder, type SoundFile } from '../sound-file.ts';

const DEFAULT_THRESHOLD = 200;
const FRAMES_PER_SECOND = 50;

/** Mean amplitude, as FreeSWITCH scores a frame. */
function energy(frame: Frame): number {
  let sum = 0;
  for (const sample of frame) sum += Math.abs(sample);
  return sum / frame.length;
}

/**
 * `record FILE [LIMIT-SECONDS [SILENCE-THRESHOLD [SILENCE-SECONDS]]]`: what the far end says, until the limit, a digit of
 * `playback_terminators`, silence, or `uuid_break` (35). A file that cannot be opened hangs the channel up (35b).
 */
export const record: Application = {
  name: 'record',
  async run(context) {
    const { channel, signal } = context;
    const [path, limit, threshold, hits] = splitArguments(context.args);
    if (path === undefined) return context.turn();
    channel.setVariable('playback_terminator_used', undefined);
    const terminators = playbackTerminators(channel);
    let over = false;
    const end = (): void => {
      over = true;
      context.wake();
    };
    context.onDigit = ({ digit }) => {
      if (over || !terminators.includes(digit)) return;
      channel.setVariable('playback_terminator_used', digit);
      end();
    };
    let file: SoundFile;
    try {
      file = await openRecorder(path, 1);
    } catch (error) {
      channel.core.log('warn', 'cannot record', { uuid: channel.uuid, path, error: String(error) });
      await context.turn();
      context.afterwards(() => channel.hangup('DESTINATION_OUT_OF_ORDER', { side: 'local' }));
      return;
    }
    await context.turn();
    const maxSamples = numberOf(limit, 0) * 8000;
    const quietFrames = numberOf(hits, 0) * FRAMES_PER_SECOND;
    const quietBelow = numberOf(threshold, DEFAULT_THRESHOLD);
    let quiet = 0;
    const ear: AudioSink = {
      write(frame) {
        if (over) return;
        quiet = energy(frame) < quietBelow ? quiet + 1 : 0;
        file.write(frame, undefined);
        if ((maxSamples > 0 && file.samples >= maxSamples) || (quietFrames > 0 && quiet >= quietFrames)) end();
      },
      close: () => {},
    };
    const place: Header = ['Record-File-Path', path];
    channel.fire('RECORD_START', () => [...extendedHeaders(channel), place]);
    channel.listen(ear);
    try {
      if (!over && !signal.aborted) await context.park();
    } finally {
      over = true;
      channel.unlisten(ear);
      await file.close();
      await context.turn();
    }
    channel.setVariable('record_record_file_size', String(file.bytes));
    setRecordVariables(channel, file.samples, file.bytes);
    channel.fire('RECORD_STOP', () => [...extendedHeaders(channel), place]);
  },
};
