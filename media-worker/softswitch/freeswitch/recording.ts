/** Recording a channel's both directions beside whatever it does: `uuid_record`, `record_session` (35). */

import { openRecorder, type Recorder } from '../audio/recorder.ts';
import { type AudioSink, FRAME_SAMPLES, SAMPLE_RATE } from '../rtp/types.ts';
import type { Channel } from './channel.ts';
import { extendedHeaders } from './channel-headers.ts';
import type { Header } from './event.ts';

export interface ChannelRecording {
  /** While masked, silence is recorded. True when it changed anything. */
  mask(on: boolean): boolean;
  stop(): Promise<void>;
}

/** False when the file cannot be written or is being recorded already. `limitSeconds` 0 is no limit. */
export async function startRecording(channel: Channel, path: string, limitSeconds: number): Promise<boolean> {
  if (channel.ended || channel.recordings.has(path)) return false;
  const starting: ChannelRecording = { mask: () => false, stop: async () => {} };
  channel.recordings.set(path, starting);
  const file = await openRecorder(path, {
    channels: channel.variable('RECORD_STEREO') === 'true' ? 2 : 1,
    ...(limitSeconds > 0 ? { maxSeconds: limitSeconds } : {}),
    onLimit: () => channel.core.track(stopRecording(channel, path), `recording ${path}`),
  });
  if ('code' in file) {
    channel.recordings.delete(path);
    channel.core.log('warn', 'cannot record', { uuid: channel.uuid, code: file.code, error: file.message });
    return false;
  }
  if (channel.ended) {
    channel.recordings.delete(path);
    await file.close();
    return false;
  }
  record(channel, path, file);
  channel.fire('RECORD_START', () => [...extendedHeaders(channel), ['Record-File-Path', path]]);
  return true;
}

function record(channel: Channel, path: string, file: Recorder): void {
  const heard = new Int16Array(FRAME_SAMPLES);
  const silence = new Int16Array(FRAME_SAMPLES);
  let masked = false;
  // A tick first delivers what was heard, then what was sent: a frame of the file is complete with the latter.
  const ear: AudioSink = { write: (frame) => heard.set(frame), close: () => {} };
  const mouth: AudioSink = {
    write(frame) {
      if (masked) file.write(silence, silence);
      else file.write(heard, frame);
      heard.fill(0);
    },
    close: () => {},
  };
  channel.rtp.addSink(ear);
  channel.rtp.addSentSink(mouth);
  channel.recordings.set(path, {
    mask(on) {
      masked = on;
      return true;
    },
    async stop() {
      channel.rtp.removeSink(ear);
      channel.rtp.removeSentSink(mouth);
      await closeRecorder(channel, file);
      setRecordVariables(channel, file);
      channel.setVariable('record_completion_cause', 'success-maxtime');
      channel.fire('RECORD_STOP', () => {
        const headers: Header[] = [
          ['Record-File-Path', path],
          ['Record-Completion-Cause', 'success-maxtime'],
        ];
        return [...extendedHeaders(channel), ...headers];
      });
    },
  });
}

/** A file that could not be written to its end is no reason to end the call. */
export async function closeRecorder(channel: Channel, file: Recorder): Promise<void> {
  await file.close();
  if (file.fault === undefined) return;
  const { code, message } = file.fault;
  channel.core.log('warn', 'a recording is incomplete', { uuid: channel.uuid, code, error: message });
}

/** The variables a recording leaves. */
export function setRecordVariables(channel: Channel, { samples, bytes }: Recorder): void {
  channel.setVariable('record_file_size', String(bytes));
  channel.setVariable('record_seconds', String(Math.floor(samples / SAMPLE_RATE)));
  channel.setVariable('record_ms', String(Math.floor((samples * 1000) / SAMPLE_RATE)));
  channel.setVariable('record_samples', String(samples));
}

/** Stops one recording or, with `all`, every one. False when there is none. */
export async function stopRecording(channel: Channel, path: string): Promise<boolean> {
  const paths = path === 'all' ? [...channel.recordings.keys()] : [path];
  let stopped = false;
  for (const it of paths) {
    const recording = channel.recordings.get(it);
    if (recording === undefined) continue;
    channel.recordings.delete(it);
    await recording.stop();
    stopped = true;
  }
  return stopped;
}
