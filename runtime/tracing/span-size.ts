import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** What a span, an attribute or an event takes beside its text. */
const SPAN_SIZE = 500;
const ITEM_SIZE = 50;

/** Characters of a span, roughly. */
export function spanSize({ attributes, events }: Pick<ReadableSpan, 'attributes' | 'events'>): number {
  let size = SPAN_SIZE;
  for (const name in attributes) {
    const value = attributes[name];
    size += ITEM_SIZE + (typeof value === 'string' ? value.length : 0);
  }
  for (const { attributes: about } of events) {
    size += ITEM_SIZE;
    for (const name in about) size += ITEM_SIZE + String(about[name] ?? '').length;
  }
  return size;
}
