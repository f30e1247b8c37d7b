import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { replay } from './replay.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

const folder = new URL('./testdata/', import.meta.url);

describe('recorded exchanges with a real drachtio-server, played against the stand-in', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ndjson'))) {
    test(file.replace('.ndjson', ''), limit, () => replay(readFileSync(new URL(file, folder), 'utf8')));
  }
});
