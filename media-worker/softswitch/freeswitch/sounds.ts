/** What FreeSWITCH adds to opening a sound: relative names, and URLs fetched into a file first (31, 31b). */

import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isFault, openSource } from '../audio/open-source.ts';
import type { AudioSource } from '../rtp/types.ts';
import type { Channel } from './channel.ts';

const FETCH_MS = 20_000;
const MAX_FETCH_BYTES = 64 * 1024 * 1024;

/** A relative name that is no file of the working directory is looked up under `sound_prefix`. */
export async function soundPath(channel: Channel, name: string): Promise<string> {
  if (name.includes('://') || isAbsolute(name)) return name;
  const prefix = channel.variable('sound_prefix') ?? channel.core.globals.get('sound_prefix') ?? '';
  const prefixed = join(prefix, name);
  return (await exists(prefixed)) || !(await exists(name)) ? prefixed : name;
}

export async function soundExists(channel: Channel, name: string): Promise<boolean> {
  return exists(await soundPath(channel, name));
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

/** Opens a sound, from sample `offset` on. Rejects when it cannot be opened. The caller closes it. */
export async function openSound(
  channel: Channel,
  name: string,
  offset: number,
  signal: AbortSignal,
): Promise<AudioSource> {
  // `http_cache://` keeps what it fetched in FreeSWITCH (43); here both fetch each time.
  const url = /^(?:http_cache:\/\/)?(https?:\/\/.*)$/i.exec(name)?.[1];
  if (url !== undefined) return openUrl(url, offset, channel, signal);
  if (/^local_stream:\/\//.test(name)) return open('silence_stream://-1', 0, channel);
  return open(name, offset, channel);
}

async function open(name: string, offset: number, channel: Channel): Promise<AudioSource> {
  const opened = await openSource(offset > 0 ? `${name}@@${offset}` : name, { mp3: channel.core.mp3 });
  if (isFault(opened)) throw new Error(opened.message);
  return opened;
}

/** Fetched whole before the first sound, like mod_httapi; not cached. */
async function openUrl(url: string, offset: number, channel: Channel, signal: AbortSignal): Promise<AudioSource> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]) });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_FETCH_BYTES) throw new Error('longer than 64 MiB');
    chunks.push(chunk);
  }
  const folder = await mkdtemp(join(tmpdir(), 'pivot-sound-'));
  const remove = (): void =>
    channel.core.track(rm(folder, { recursive: true, force: true }), 'removing a fetched sound');
  try {
    const mp3 = /mpeg|mp3/i.test(response.headers.get('content-type') ?? '') || /\.mp3(\?|$)/i.test(url);
    const path = join(folder, mp3 ? 'sound.mp3' : 'sound.wav');
    await writeFile(path, chunks);
    const source = await open(path, offset, channel);
    return {
      read: (frame) => source.read(frame),
      get position() {
        return source.position;
      },
      close() {
        source.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
