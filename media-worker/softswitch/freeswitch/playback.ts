/** Playing files on a channel: what `playback`, `play_and_get_digits`, `read` and `say` have in common (switch_ivr_play_file). */

import type { AudioSource } from '../rtp/types.ts';
import { numberOf } from './arguments.ts';
import type { Channel } from './channel.ts';
import { extendedHeaders } from './channel-headers.ts';
import type { Header } from './event.ts';
import type { ApplicationContext } from './execution.ts';
import { openSound, soundPath } from './sounds.ts';

/** `broken`: by `uuid_break`, a terminator or a digit that the application wanted. */
export type PlayResult = 'played' | 'broken' | 'not-found' | 'aborted' | 'empty';

/** Pause before each further file of a list (recorded, 31); `playback_sleep_val` changes it. */
const BETWEEN_FILES_MS = 250;
/** A tone generator renders whole blocks; an interrupted tone reports the length of what was rendered (31). */
const TONE_BLOCK_SAMPLES = 16_384;

/** The digits that end a playback: the variable, `*` when it was never set. */
export function playbackTerminators(channel: Channel): string {
  const value = channel.variable('playback_terminators') ?? '*';
  if (value === 'none') return '';
  return value === 'any' ? '1234567890*#ABCD' : value;
}

/** Playback-File-Type is present for these formats only. */
function fileType(path: string): Header[] {
  const scheme = /^(tone_stream|local_stream|tts_stream):\/\//.exec(path)?.[1];
  return scheme === undefined ? [] : [['Playback-File-Type', scheme]];
}

/** Plays one reference or, with `playback_delimiter`, a list. The result is that of the last file, as in FreeSWITCH. */
export async function playFile(context: ApplicationContext, reference: string): Promise<PlayResult> {
  const { channel } = context;
  channel.setVariable('playback_terminator_used', undefined);
  if (reference.trim() === '') return 'empty';
  const delimiter = channel.variable('playback_delimiter');
  const files = delimiter === undefined ? [reference] : reference.split(delimiter).filter((file) => file !== '');
  const pause = numberOf(channel.variable('playback_sleep_val'), BETWEEN_FILES_MS, 0, 60_000);
  let result: PlayResult = 'empty';
  let position = 0;
  for (const [index, file] of files.entries()) {
    if (index > 0) await context.wait(pause);
    if (context.signal.aborted) return 'aborted';
    const played = await playOne(context, file, position);
    result = played.result;
    position = played.position;
    if (result === 'broken' || result === 'aborted') return result;
  }
  return result;
}

async function playOne(
  context: ApplicationContext,
  file: string,
  before: number,
): Promise<{ readonly result: PlayResult; readonly position: number }> {
  const { channel } = context;
  // No speech engine in the stand-in: the worker synthesises and plays files.
  if (file.startsWith('say:')) return { result: 'played', position: before };
  const [path, offset] = splitOffset(file);
  const name = await soundPath(channel, path);
  let source: AudioSource;
  try {
    source = await openSound(channel, name, offset, context.signal);
  } catch (error) {
    channel.core.log('debug', 'cannot open', { uuid: channel.uuid, file: name, error: String(error) });
    await context.turn();
    return { result: context.signal.aborted ? 'aborted' : 'not-found', position: before };
  }
  try {
    await context.turn();
    if (context.signal.aborted) return { result: 'aborted', position: before };
    const start = source.position;
    const headers = (): Header[] => [...extendedHeaders(channel), ...fileType(name), ['Playback-File-Path', name]];
    channel.fire('PLAYBACK_START', headers);
    const how = await context.play(source);
    const samples = source.position - start;
    setPlaybackVariables(channel, name, samples, before === 0 ? offset + samples : before + samples, how === 'break');
    channel.fire('PLAYBACK_STOP', () => [...headers(), ['Playback-Status', how === 'break' ? 'break' : 'done']]);
    const result = how === 'break' ? 'broken' : how === 'aborted' ? 'aborted' : 'played';
    return { result, position: before + samples };
  } finally {
    source.close();
  }
}

/** `FILE@@SAMPLES` begins at an offset. */
function splitOffset(file: string): [path: string, offset: number] {
  const at = file.lastIndexOf('@@');
  if (at === -1) return [file, 0];
  return [file.slice(0, at), numberOf(file.slice(at + 2), 0)];
}

function setPlaybackVariables(
  channel: Channel,
  file: string,
  samples: number,
  position: number,
  interrupted: boolean,
): void {
  const blocks = interrupted && file.startsWith('tone_stream://') && samples > 0;
  const rendered = blocks ? Math.ceil(samples / TONE_BLOCK_SAMPLES) * TONE_BLOCK_SAMPLES : samples;
  channel.setVariable('playback_last_offset_pos', String(position));
  channel.setVariable('playback_seconds', String(Math.floor(rendered / 8000)));
  channel.setVariable('playback_ms', String(Math.floor(rendered / 8)));
  channel.setVariable('playback_samples', String(rendered));
}
