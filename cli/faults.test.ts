/** What the command says, with its code, when it cannot start or a call comes to nothing. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cliCodes } from '../crds/errors/cli.ts';

const PIVOT = fileURLToPath(new URL('./bin.js', import.meta.url));
const GOOD = {
  apiVersion: 'pivot.voice/v1alpha1',
  kind: 'PivotCallflow',
  metadata: { name: 'good' },
  spec: { numbers: ['1'], flow: { module: 'hangup', data: {} } },
};

function pivot(...args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PIVOT, ...args], { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr });
    });
  });
}

describe('pivot ends with 1 and a code', { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pivot-faults-'));
  const taken = createServer();
  let port: number;
  before(async () => {
    writeFileSync(join(folder, 'good.json'), JSON.stringify(GOOD));
    writeFileSync(join(folder, 'bad.yaml'), 'kind: PivotCallflow\n');
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    port = (taken.address() as { port: number }).port;
  });
  after(() => {
    taken.close();
    rmSync(folder, { recursive: true });
  });

  const up = (...args: readonly string[]) =>
    pivot('up', join(folder, 'good.json'), '--data', join(folder, 'data'), '--sip', '127.0.0.1:0', ...args);

  test('where options do not go together', async () => {
    const { code, said } = await up('--http', '127.0.0.1:0', '--drachtio', '127.0.0.1:9022');
    assert.equal(code, 1);
    assert.match(said, new RegExp(`${cliCodes.badOption.code} .*--freeswitch`));
  });

  test('where an address is in use', async () => {
    const { code, said } = await up('--http', `127.0.0.1:${port}`);
    assert.equal(code, 1);
    assert.match(said, new RegExp(`${cliCodes.portInUse.code} 127\\.0\\.0\\.1:${port} .*--http`));
  });

  test('where an address is of another machine (RFC 5737)', async () => {
    const { code, said } = await up('--http', '192.0.2.1:8080');
    assert.equal(code, 1);
    assert.match(said, new RegExp(`${cliCodes.addressUnusable.code} 192\\.0\\.2\\.1:8080 .*--http`));
  });

  test('where the manifests cannot be used', async () => {
    const { code, said } = await pivot('up', folder, '--data', join(folder, 'data'), '--http', '127.0.0.1:0');
    assert.equal(code, 1);
    assert.match(said, /bad\.yaml:1/);
    assert.match(said, new RegExp(`${cliCodes.badManifests.code} `));
  });

  test('where a call is not answered', async () => {
    // Port 1 (tcpmux, RFC 1078): nobody has it.
    const { code, said } = await pivot('call', '1', '--sip', '127.0.0.1:1', '--transport', 'tcp');
    assert.equal(code, 1);
    assert.match(said, new RegExp(`${cliCodes.callFailed.code} `));
  });
});
