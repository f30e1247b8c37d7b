import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { replay } from './replay.ts';

const folder = new URL('./testdata/', import.meta.url);

describe('recorded exchanges with a real drachtio-server, played against the stand-in', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ndjson'))) {
    test(file.replace('.ndjson', ''), () => replay(readFileSync(new URL(file, folder), 'utf8')));
  }
});
