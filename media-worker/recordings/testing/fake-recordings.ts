import { type Fault, PivotError } from '../../../crds/errors/fault.ts';
import type { RecordingAbout } from '../entry.ts';
import type { Recordings } from '../recordings.ts';

/** Recordings without files: notes what was asked for and how it ended. */
export class FakeRecordings implements Pick<Recordings, 'open'> {
  readonly opened: RecordingAbout[] = [];
  readonly ended: ('recorded' | 'absent')[] = [];
  /** Why none can be opened. */
  failure: Fault | undefined;
  /** Milliseconds that a recording turns out to have. */
  durationMs = 3400;

  open: Recordings['open'] = async (about) => {
    if (this.failure !== undefined) throw new PivotError(this.failure);
    this.opened.push(about);
    const sid = `RE${String(this.opened.length).padStart(32, '0')}`;
    const url = `http://recordings.example/recordings/${about.account}/${sid}`;
    return {
      sid,
      path: `/recordings/${sid}.wav`,
      url,
      warnings: [],
      finish: async ({ absent = false } = {}) => {
        this.ended.push(absent ? 'absent' : 'recorded');
        if (absent) return { kind: 'absent' };
        const { durationMs } = this;
        return { kind: 'recorded', sid, url, durationMs, durationSeconds: Math.round(durationMs / 1000) };
      },
    };
  };
}
