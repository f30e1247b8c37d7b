/** Builds Jaeger into the cache: `node e2e/jaeger/build.ts`. */
import { buildJaeger } from './program.ts';

console.log(await buildJaeger());
