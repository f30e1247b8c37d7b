import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFile } from './check-arrows.ts';

test('an operator that imports the media worker is refused', () => {
  const faults = checkFile('operator/compile/x.ts', "import { a } from '../../media-worker/call/call.ts';\n");
  assert.equal(faults.length, 1);
  assert.equal(faults[0]?.to, 'media-worker/call/call.ts');
});

test('the worker may import the softswitch by its entry only', () => {
  assert.deepEqual(checkFile('cli/up.ts', "import { s } from '../media-worker/softswitch/softswitch.ts';\n"), []);
  assert.equal(checkFile('cli/up.ts', "import { s } from '../media-worker/softswitch/sip/parser.ts';\n").length, 1);
});

test('the debug API serves operator and worker alike, so it knows neither', () => {
  for (const folder of ['operator/kube/api.ts', 'media-worker/telemetry/span.ts', 'cli/up.ts'])
    assert.equal(checkFile('debug/api/x.ts', `import { a } from '../../${folder}';\n`).length, 1, folder);
  assert.deepEqual(checkFile('cli/up.ts', "import { a } from '../debug/trace-store.ts';\n"), []);
});

test('the softswitch imports nothing else of the media worker', () => {
  assert.equal(
    checkFile('media-worker/softswitch/sip/x.ts', "import type { A } from '../../call/call.ts';\n").length,
    1,
  );
  assert.deepEqual(
    checkFile('media-worker/softswitch/sip/x.ts', "import { f } from '../../../crds/errors/fault.ts';\n"),
    [],
  );
});

test('the contract imports nothing of ours', () => {
  assert.equal(checkFile('crds/x.ts', "import { a } from '../runtime/log.ts';\n").length, 1);
});
