import { createHash } from 'node:crypto';

/** A file name for what the parts say together, which does not tell them: `url-3f…`. */
export function hashKey(kind: 'url' | 'speech', ...parts: readonly string[]): string {
  return `${kind}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)}`;
}
