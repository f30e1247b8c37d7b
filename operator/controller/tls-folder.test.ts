import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../runtime/clock.ts';
import { TlsFolder } from './tls-folder.ts';

const MADE = fileURLToPath(new URL('../kube/testing/tls/', import.meta.url));

function folderOf(t: TestContext, cert: string | undefined, key: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'pivot-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  if (cert !== undefined) copyFileSync(join(MADE, cert), join(folder, 'tls.crt'));
  if (key !== undefined) copyFileSync(join(MADE, key), join(folder, 'tls.key'));
  return folder;
}

test('a pair is taken', async (t) => {
  const { material } = await TlsFolder.open(folderOf(t, 'server.pem', 'server.key'), systemClock);
  assert.match(String(material.cert), /BEGIN CERTIFICATE/);
});

test('a missing file, and a key of another certificate, are told with a code and the folder', async (t) => {
  for (const folder of [folderOf(t, 'server.pem', undefined), folderOf(t, 'server.pem', 'client.key')]) {
    await assert.rejects(TlsFolder.open(folder, systemClock), (error: Error) => {
      assert.match(error.message, /^PV-2115 /);
      assert.ok(error.message.includes(folder));
      return true;
    });
  }
});
