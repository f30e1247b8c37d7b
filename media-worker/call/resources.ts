import type { SoundLibrary } from '../media/library.ts';
import type { MediaServer } from '../media/media-server.ts';

/** What calls share: the media server and the sounds. */
export interface CallResources {
  /** The media server to make endpoints on; throws a coded error while none is connected. */
  readonly media: () => MediaServer;
  readonly sounds: Pick<SoundLibrary, 'prepare'>;
}
