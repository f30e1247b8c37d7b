import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { mediaCodes } from '../../../crds/errors/media.ts';
import { MediaEndpoint } from '../../media/endpoint.ts';
import type { SoundLibrary } from '../../media/library.ts';
import type { MediaServer } from '../../media/media-server.ts';
import { describeSound } from '../../media/sound.ts';
import { FakeEndpoint } from '../../media/testing/fake-fsmrf.ts';
import type { CallResources } from '../resources.ts';
import { type FakeRequest, type FakeRequestOptions, FakeResponse, FakeSignalling, fakeRequest } from './fake-sip.ts';

/** A media server that makes one endpoint, when and as the test says. */
export class FakeMedia {
  readonly endpoint = new FakeEndpoint();
  readonly offers: string[] = [];
  /** What becomes of the endpoint; at once unless a test replaces it. */
  make: () => Promise<void> = () => Promise.resolve();
  /** Thrown when a media server is asked for. */
  missing: PivotError | undefined;

  get server(): MediaServer {
    if (this.missing !== undefined) throw this.missing;
    return {
      createEndpoint: async (offer: string, signal: AbortSignal) => {
        this.offers.push(offer);
        await this.make();
        const endpoint = new MediaEndpoint(this.endpoint.fsmrf);
        if (signal.aborted) await endpoint.close();
        signal.throwIfAborted();
        return endpoint;
      },
    } as unknown as MediaServer;
  }
}

/** The reference of a sound is its description; `gone` cannot be had, `never` takes for ever. */
const fakeSounds: Pick<SoundLibrary, 'prepare'> = {
  async prepare(sound, { signal }) {
    signal.throwIfAborted();
    const reference = describeSound(sound);
    if (reference === 'gone') return { ok: false, fault: fault(mediaCodes.unknownMedia, 'There is no media "gone"') };
    if (reference === 'broken') throw new PivotError(fault(mediaCodes.notFetched, 'a bug'));
    if (reference === 'never') {
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    }
    return {
      ok: true,
      prepared: { reference, cached: false },
      warnings: reference === 'stale' ? [fault(mediaCodes.stale, 'an old copy')] : [],
    };
  },
};

/** Both sides of one call, faked: the caller and FreeSWITCH. */
export interface OneCall {
  readonly request: FakeRequest;
  readonly response: FakeResponse;
  readonly signalling: FakeSignalling;
  readonly media: FakeMedia;
  readonly resources: CallResources;
}

export function oneCall(options: FakeRequestOptions = {}): OneCall {
  const media = new FakeMedia();
  return {
    request: fakeRequest(options),
    response: new FakeResponse(),
    signalling: new FakeSignalling(),
    media,
    resources: { media: () => media.server, sounds: fakeSounds as SoundLibrary },
  };
}

/** A tracer that keeps its spans. */
export function tracing(): { provider: BasicTracerProvider; spans: () => readonly ReadableSpan[] } {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { provider, spans: () => exporter.getFinishedSpans() };
}
