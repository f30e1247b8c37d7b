import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { BasicTracerProvider, BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { WatchedExport } from './watched-export.ts';

function exporting({ mostCharacters, maxQueueSize = 100 }: { mostCharacters?: number; maxQueueSize?: number } = {}) {
  const news: string[] = [];
  const batches: { spans: ReadableSpan[]; done: (result: ExportResult) => void }[] = [];
  let dropped = 0;
  const watched = new WatchedExport(
    { gone: (reason) => news.push(`gone: ${reason}`), back: (lost) => news.push(`back, ${lost} lost`) },
    mostCharacters,
  );
  const exporter = watched.around({
    export: (spans, done) => batches.push({ spans, done }),
    shutdown: () => Promise.resolve(),
  });
  const queue = new BatchSpanProcessor(exporter, { maxExportBatchSize: 2, maxQueueSize });
  const processor = watched.before(queue, () => {
    dropped += 1;
  });
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('test');
  return {
    news,
    batches,
    watched,
    dropped: () => dropped,
    span: (characters = 0) => tracer.startSpan('call', { attributes: { text: 'x'.repeat(characters) } }).end(),
    /** Ends the export that is going on. */
    async finish(error?: Error) {
      const batch = batches.shift();
      assert.ok(batch, 'nothing is being sent');
      batch.done(error === undefined ? { code: ExportResultCode.SUCCESS } : { code: ExportResultCode.FAILED, error });
      await new Promise(setImmediate);
    },
  };
}

const GONE = new Error('connect ECONNREFUSED');

describe('the export of spans', () => {
  it('says once that the receiver is gone, once that it is back, and how many spans were lost', async () => {
    const { span, finish, news } = exporting();
    for (let count = 0; count < 8; count += 1) span();
    await finish(GONE);
    await finish(GONE);
    assert.deepEqual(news, ['gone: connect ECONNREFUSED']);
    await finish();
    await finish();
    assert.deepEqual(news, ['gone: connect ECONNREFUSED', 'back, 4 lost']);
  });

  it('drops what is too much for the memory, and takes more when there is room again', async () => {
    const { span, finish, watched, dropped } = exporting({ mostCharacters: 10_000 });
    for (let count = 0; count < 20; count += 1) span(1000);
    const held = watched.size;
    assert.ok(held > 5000 && held <= 10_000, String(held));
    assert.equal(dropped(), 14);
    await finish();
    span(1000);
    assert.equal(dropped(), 14);
    assert.ok(watched.size < held);
  });

  it('weighs nothing of what the queue has dropped by itself', async () => {
    const { span, finish, watched, batches } = exporting({ maxQueueSize: 2 });
    for (let count = 0; count < 20; count += 1) span(1000);
    while (batches.length > 0) await finish();
    span();
    span();
    while (batches.length > 0) await finish();
    assert.equal(watched.size, 0);
  });
});
