import { writeFile } from 'node:fs/promises';
import { twimlReference } from '../media-worker/twiml/reference.ts';

await writeFile(new URL('../docs/twiml-reference.md', import.meta.url), twimlReference());
