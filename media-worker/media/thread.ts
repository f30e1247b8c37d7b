/** What runs in a thread of `threads.ts`: work that would hold up the event loop. */
import { parentPort } from 'node:worker_threads';
import { fault } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import { convert } from './convert.ts';
import { type FliteProgram, loadFlite } from './speech/flite-program.ts';
import type { Job, JobResult } from './threads.ts';

// mpg123-decoder writes every damaged frame to the console.
console.error = () => {};

let flite: Promise<FliteProgram> | undefined;

async function run(job: Job): Promise<JobResult> {
  switch (job.kind) {
    case 'convert':
      return convert(job.bytes, job);
    case 'flite': {
      flite ??= loadFlite();
      const result = (await flite)(job.voice, job.text);
      return result.ok
        ? { ok: true, wav: result.wav, durationMs: 0, warnings: [] }
        : { ok: false, fault: fault(mediaCodes.speechFailed, result.problem) };
    }
    case 'warm':
      flite ??= loadFlite();
      await flite;
      return { ok: true, wav: new Uint8Array(0), durationMs: 0, warnings: [] };
  }
}

parentPort?.on('message', async (job: Job) => {
  let result: JobResult;
  try {
    result = await run(job);
  } catch (error) {
    result = { ok: false, fault: fault(mediaCodes.notConverted, `the sound could not be decoded: ${String(error)}`) };
  }
  parentPort?.postMessage(result, result.ok ? [result.wav.buffer] : []);
});
