import type { PhoneCall, PhoneCallEnd } from '../../media-worker/softswitch/phone.ts';
import type { Trace, TraceSpan } from '../trace.ts';

/** One request of a call, as its span tells it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly status?: number;
  /** PV- code of what was wrong. */
  readonly code?: string;
  readonly message?: string;
  readonly ms: number;
  readonly span: TraceSpan;
}

/** One sound of a call. */
export interface Played {
  readonly what: string;
  readonly kind: string;
  readonly outcome: string;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

/** A call when it is over: what its trace and its phone say of it. */
export interface Story {
  readonly answered: boolean;
  readonly end: PhoneCallEnd;
  readonly asked: readonly Asked[];
  readonly sounds: readonly Played[];
  /** Texts spoken, in order. */
  readonly said: readonly string[];
  /** Milliseconds of sound, silence apart, that the caller heard. */
  readonly heardMs: number;
  /** PV- codes, in the order of the spans' ends. */
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
  /** `verb Say`, `action tts`, …, in the order of their starts. */
  readonly steps: readonly string[];
  readonly root: TraceSpan;
  readonly spans: readonly TraceSpan[];
  /** `POST /a 200`, or the PV- code in place of the status. */
  readonly exchanges: readonly string[];
}

/** Waits for the end of a call and of its trace. */
export async function storyOf(phone: PhoneCall, trace: Trace): Promise<Story> {
  const end = await phone.ended;
  const root = await trace.root;
  const answered = await phone.answered.then(
    () => true,
    () => false,
  );
  const started = trace.events.filter(({ type }) => type === 'start').map(({ span }) => span);
  const spans = trace.events.filter(({ type }) => type === 'end').map(({ span }) => span);
  const asked = spans.filter((span) => span.attributes['pivot.exchange'] !== undefined && isAttempt(span)).map(askedOf);
  const sounds = spans.filter(({ name }) => name === 'media.play').map(playedOf);
  return {
    answered,
    end,
    asked,
    sounds,
    heardMs: phone.ear.soundMs,
    said: sounds.filter(({ kind }) => kind === 'speech').map(({ what }) => what),
    warnings: codes(spans, 'pivot.warning'),
    errors: codes(spans, 'pivot.error'),
    steps: started.map(({ name }) => name).filter((name) => /^(verb|action) /.test(name)),
    root,
    spans,
    exchanges: asked.map(({ method, path, status, code }) => `${method} ${path} ${code ?? status}`),
  };
}

function isAttempt({ attributes }: TraceSpan): boolean {
  return attributes['url.full'] !== undefined;
}

function askedOf(span: TraceSpan): Asked {
  const { attributes, startedAt, endedAt } = span;
  const status = attributes['http.response.status_code'];
  const code = attributes['pivot.error.code'];
  return {
    method: String(attributes['http.request.method']),
    path: new URL(String(attributes['url.full'])).pathname,
    ...(typeof status === 'number' ? { status } : {}),
    ...(code === undefined ? {} : { code: String(code), message: String(attributes['pivot.error.message']) }),
    ms: (endedAt ?? startedAt) - startedAt,
    span,
  };
}

function playedOf({ attributes, startedAt, endedAt }: TraceSpan): Played {
  return {
    what: String(attributes['pivot.media.sound']),
    kind: String(attributes['pivot.media.kind']),
    outcome: String(attributes['pivot.media.outcome']),
    from: startedAt,
    to: endedAt ?? startedAt,
  };
}

function codes(spans: readonly TraceSpan[], name: string): string[] {
  return spans.flatMap(({ events }) =>
    events.filter((event) => event.name === name).map(({ attributes }) => String(attributes['pivot.error.code'])),
  );
}
