import { SilenceDetector } from '../../audio/level.ts';
import { openRecorder } from '../../audio/recorder.ts';
import type { AudioSink } from '../../rtp/types.ts';
import { numberOf, splitArguments } from '../arguments.ts';
import { extendedHeaders } from '../channel-headers.ts';
import type { Header } from '../event.ts';
import type { Application } from '../execution.ts';
import { playbackTerminators } from '../playback.ts';
import { closeRecorder, setRecordVariables } from '../recording.ts';

const DEFAULT_THRESHOLD = 200;

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
    const seconds = numberOf(limit, 0);
    const file = await openRecorder(path, {
      channels: 1,
      ...(seconds > 0 ? { maxSeconds: seconds } : {}),
      onLimit: end,
    });
    if ('code' in file) {
      channel.core.log('warn', 'cannot record', { uuid: channel.uuid, code: file.code, error: file.message });
      await context.turn();
      context.afterwards(() => channel.hangup('DESTINATION_OUT_OF_ORDER', { side: 'local' }));
      return;
    }
    await context.turn();
    const quietSeconds = numberOf(hits, 0);
    const silence =
      quietSeconds > 0 ? new SilenceDetector(numberOf(threshold, DEFAULT_THRESHOLD), quietSeconds, end) : undefined;
    const ear: AudioSink = {
      write(frame) {
        // The frame that completes the silence is not written (35).
        silence?.write(frame);
        if (!over) file.write(frame);
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
      await closeRecorder(channel, file);
      await context.turn();
    }
    channel.setVariable('record_record_file_size', String(file.bytes));
    setRecordVariables(channel, file);
    channel.fire('RECORD_STOP', () => [...extendedHeaders(channel), place]);
  },
};
