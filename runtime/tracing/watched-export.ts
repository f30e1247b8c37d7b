import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { spanSize } from './span-size.ts';

export interface ExportNews {
  /** The receiver takes no spans; told once, until it does again. */
  gone(reason: string): void;
  /** It takes them again; so many were lost meanwhile. */
  back(lost: number): void;
}

/** Characters of the spans that wait or are being sent. A span with bodies has some 70,000. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** A span that was given to the queue. */
interface Waiting {
  readonly span: ReadableSpan;
  readonly size: number;
}

/**
 * Bounds what waits for an exporter by its size, beside the queue's own bound by number, and notices when the receiver goes and comes back. The
 * queue gives spans to the exporter in the order in which it got them, but for those that it drops.
 */
export class WatchedExport {
  readonly #news: ExportNews;
  readonly #mostCharacters: number;
  #waiting: Waiting[] = [];
  #size = 0;
  #lost = 0;
  #isGone = false;

  constructor(news: ExportNews, mostCharacters: number = MOST_CHARACTERS) {
    this.#news = news;
    this.#mostCharacters = mostCharacters;
  }

  /** Characters that wait or are being sent. */
  get size(): number {
    return this.#size;
  }

  /** Stands before the queue: what is too much is dropped here, and `onDropped` is told. */
  before(queue: SpanProcessor, onDropped: () => void): SpanProcessor {
    return {
      onStart: (span, context) => queue.onStart(span, context),
      onEnd: (span) => {
        const size = spanSize(span);
        if (this.#size + size > this.#mostCharacters) {
          onDropped();
          if (this.#isGone) this.#lost += 1;
          return;
        }
        this.#size += size;
        this.#waiting.push({ span, size });
        queue.onEnd(span);
      },
      forceFlush: () => queue.forceFlush(),
      shutdown: () => queue.shutdown(),
    };
  }

  /** Stands behind the queue. */
  around(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => {
        const size = this.#take(spans);
        exporter.export(spans, (result) => {
          this.#size -= size;
          this.#note(spans.length, result);
          done(result);
        });
      },
      forceFlush: async () => exporter.forceFlush?.(),
      shutdown: () => exporter.shutdown(),
    };
  }

  /** The size of a batch. What the queue has dropped before it weighs nothing any more. */
  #take(spans: readonly ReadableSpan[]): number {
    const last = this.#waiting.findIndex(({ span }) => span === spans.at(-1));
    const batch = new Set(spans);
    let size = 0;
    for (const one of this.#waiting.splice(0, last + 1)) {
      if (batch.has(one.span)) size += one.size;
      else {
        this.#size -= one.size;
        if (this.#isGone) this.#lost += 1;
      }
    }
    return size;
  }

  #note(spans: number, { code, error }: ExportResult): void {
    if (code === ExportResultCode.SUCCESS) {
      if (this.#isGone) this.#news.back(this.#lost);
      this.#isGone = false;
      this.#lost = 0;
      return;
    }
    this.#lost += spans;
    if (!this.#isGone) this.#news.gone(error === undefined ? 'no reason was given' : reasonOf(error));
    this.#isGone = true;
  }
}

function reasonOf(error: Error): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return message || (typeof code === 'string' ? code : error.name);
}
