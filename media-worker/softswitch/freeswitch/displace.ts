/** `uuid_displace` and `displace_session`: a file in place of, or with `m`/`mux` over, what the far end hears. One at a time. */

import type { Channel } from './channel.ts';
import type { Overlay } from './output.ts';
import { openSound } from './sounds.ts';

const PREFIX = 'displace:';

/** False when the file cannot be opened or is being played this way already. `l` in the flags loops it. */
export async function startDisplacing(channel: Channel, file: string, flags: string): Promise<boolean> {
  const key = `${PREFIX}${file}`;
  if (channel.ended || channel.cleanups.has(key)) return false;
  const abort = new AbortController();
  channel.cleanups.set(key, () => abort.abort());
  try {
    const source = await openSound(channel, file, 0, abort.signal);
    if (abort.signal.aborted || channel.ended) {
      source.close();
      return false;
    }
    for (const other of channel.cleanups.keys()) {
      if (other.startsWith(PREFIX) && other !== key) stopDisplacing(channel, other.slice(PREFIX.length));
    }
    const overlay: Overlay = {
      source,
      mix: /m/.test(flags),
      ended: () => channel.cleanups.delete(key),
    };
    channel.cleanups.set(key, () => {
      channel.cleanups.delete(key);
      if (channel.output.overlay !== overlay) return;
      channel.setOverlay(undefined);
      source.close();
    });
    channel.setOverlay(overlay);
    return true;
  } catch {
    channel.cleanups.delete(key);
    return false;
  }
}

/** False when that file is not being played. */
export function stopDisplacing(channel: Channel, file: string): boolean {
  const stop = channel.cleanups.get(`${PREFIX}${file}`);
  if (stop === undefined) return false;
  channel.cleanups.delete(`${PREFIX}${file}`);
  void stop();
  return true;
}
