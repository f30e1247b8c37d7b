/** Builds the object store for tests into the cache: `node e2e/object-store/build.ts`. */
import { buildObjectStore } from './object-store.ts';

console.log(await buildObjectStore());
