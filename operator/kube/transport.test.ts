import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { systemClock } from '../../runtime/clock.ts';
import { createKubeApi } from './api.ts';
import { createConnection } from './connection.ts';
import { loadKubeConfig } from './credentials.ts';
import { isKubeError, type KubeErrorKind } from './kube-error.ts';
import { startApiServer, tlsFile } from './testing/api-server.ts';
import { type Behaviour, status } from './testing/behaviour.ts';
import { startCluster, WIDGET, widget } from './testing/cluster.ts';
import { createManualClock } from './testing/manual-clock.ts';
import { KubeTransport } from './transport.ts';

const { signal } = new AbortController();
const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

test('a hundred requests in a row need no more than two connections', async () => {
  await using cluster = await startCluster(systemClock);
  cluster.server.history('widgets').put(widget('a'));
  for (let n = 0; n < 100; n++) await cluster.api.get(WIDGET, { namespace: 'acme', name: 'a' }, signal);
  assert.equal(cluster.server.requests.length, 100);
  // undici may take a second one while it is still putting the first back.
  assert.ok(cluster.server.connections <= 2);
});

test('an object is created, read, replaced, applied and deleted at the path of its kind', async () => {
  await using cluster = await startCluster(systemClock);
  const { api, server } = cluster;
  const made = await api.create(WIDGET, widget('a', { size: 1 }), signal);
  assert.equal(made.metadata.uid, 'uid-1');
  const read = await api.get(WIDGET, { namespace: 'acme', name: 'a' }, signal);
  assert.deepEqual(read, made);
  const replaced = await api.update(WIDGET, { ...read, spec: { size: 2 } }, signal);
  assert.deepEqual(replaced['spec'], { size: 2 });
  await assert.rejects(api.update(WIDGET, { ...read, spec: { size: 3 } }, signal), (error) =>
    isKubeError(error, 'conflict'),
  );
  const applied = await api.apply(
    WIDGET,
    { ...widget('a'), status: { ok: true } },
    { fieldManager: 'us', subresource: 'status' },
    signal,
  );
  assert.deepEqual(applied['status'], { ok: true });
  const patch = server.requests.at(-1)!;
  assert.equal(patch.path, '/apis/example.com/v1/namespaces/acme/widgets/a/status');
  assert.equal(patch.headers['content-type'], 'application/apply-patch+yaml');
  assert.deepEqual(Object.fromEntries(patch.query), { fieldManager: 'us', force: 'true' });
  await api.delete(WIDGET, { namespace: 'acme', name: 'a' }, signal);
  await assert.rejects(api.get(WIDGET, { namespace: 'acme', name: 'a' }, signal), (error) =>
    isKubeError(error, 'notFound'),
  );
});

test('the core group has its own root, and items of its lists get kind and apiVersion', async () => {
  await using cluster = await startCluster(systemClock);
  const { apiVersion: _version, kind: _kind, ...bare } = widget('a');
  cluster.server.history('pods').put(bare as never);
  const { items } = await cluster.api.list(PODS, {}, signal);
  assert.equal(cluster.server.requests[0]!.path, '/api/v1/pods');
  assert.deepEqual([items[0]!.apiVersion, items[0]!.kind], ['v1', 'Pod']);
});

/** What the server does, and what error that is. */
const REFUSALS: readonly (readonly [Behaviour, KubeErrorKind, code: string])[] = [
  [{ do: 'reset' }, 'unreachable', 'PV-2001'],
  [{ do: 'cut' }, 'unreachable', 'PV-2001'],
  [{ do: 'status', code: 401, reason: 'Unauthorized' }, 'unauthorized', 'PV-2002'],
  [{ do: 'status', code: 403, reason: 'Forbidden' }, 'forbidden', 'PV-2003'],
  [{ do: 'status', code: 404, reason: 'NotFound', details: { name: 'a' } }, 'notFound', 'PV-2004'],
  [{ do: 'status', code: 404, reason: 'NotFound' }, 'notServed', 'PV-2005'],
  [{ do: 'status', code: 409, reason: 'AlreadyExists' }, 'alreadyExists', 'PV-2006'],
  [{ do: 'status', code: 409, reason: 'Conflict' }, 'conflict', 'PV-2007'],
  [{ do: 'status', code: 410, reason: 'Gone' }, 'expired', 'PV-2008'],
  [
    { do: 'status', code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
    'expired',
    'PV-2008',
  ],
  [{ do: 'status', code: 422, reason: 'Invalid' }, 'invalid', 'PV-2009'],
  [{ do: 'status', code: 413, reason: 'RequestEntityTooLarge' }, 'invalid', 'PV-2009'],
  [{ do: 'status', code: 429, reason: 'TooManyRequests', retryAfter: 7 }, 'throttled', 'PV-2010'],
  [{ do: 'status', code: 500, reason: 'InternalError' }, 'serverError', 'PV-2011'],
  [{ do: 'garbage' }, 'malformed', 'PV-2012'],
  [{ do: 'status', code: 307 }, 'unexpected', 'PV-2014'],
];

for (const [behaviour, kind, code] of REFUSALS) {
  test(`${JSON.stringify(behaviour)} is ${kind}`, async () => {
    await using cluster = await startCluster(systemClock);
    cluster.server.behave = () => behaviour;
    await assert.rejects(cluster.api.list(WIDGET, {}, signal), (error) => {
      assert.ok(isKubeError(error, kind), String(error));
      assert.equal(error.fault.code, code);
      assert.match(error.message, /\/apis\/example.com\/v1\/widgets/);
      assert.equal(error.retryAfterMs, kind === 'throttled' ? 7000 : undefined);
      return true;
    });
  });
}

test('an answer that does not begin in time is given up', async () => {
  await using cluster = await startCluster(systemClock);
  cluster.server.behave = () => ({ do: 'hang' });
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server: cluster.server.url, skipTLSVerify: true }, { name: 'u' });
  const transport = new KubeTransport({
    connection: createConnection(config, systemClock),
    userAgent: 'test',
    headersTimeoutMs: 100,
  });
  await assert.rejects(createKubeApi(transport).list(WIDGET, {}, signal), (error) => isKubeError(error, 'unreachable'));
  await transport.close();
});

test('aborting ends a request at once, with the reason of the signal', async () => {
  await using cluster = await startCluster(systemClock);
  const controller = new AbortController();
  cluster.server.behave = () => {
    setImmediate(() => controller.abort(new Error('enough')));
    return { do: 'hang' };
  };
  await assert.rejects(cluster.api.list(WIDGET, {}, controller.signal), /^Error: enough$/);
});

test('aborting or leaving the loop ends a watch and its connection', async () => {
  await using cluster = await startCluster(systemClock);
  const history = cluster.server.history('widgets');
  const from = { resourceVersion: String(history.version), timeoutSeconds: 300 };
  history.put(widget('a'));
  for await (const event of cluster.api.watch(WIDGET, from, signal)) {
    assert.equal(event.type, 'ADDED');
    break;
  }
  const controller = new AbortController();
  await assert.rejects(async () => {
    for await (const _event of cluster.api.watch(WIDGET, from, controller.signal))
      controller.abort(new Error('enough'));
  }, /^Error: enough$/);
  while (cluster.server.watches.size > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('events are the same however the bytes are cut', async () => {
  await using cluster = await startCluster(systemClock);
  const history = cluster.server.history('widgets');
  const from = { resourceVersion: String(history.version), timeoutSeconds: 300 };
  history.put(widget('a', { text: 'Grüße, 世界 👋'.repeat(50) }));
  history.put(widget('b'));
  cluster.server.behave = () => ({ watch: 'pieces' });
  const seen: unknown[] = [];
  for await (const event of cluster.api.watch(WIDGET, from, signal)) {
    if (event.type !== 'BOOKMARK') seen.push(event.object);
    if (seen.length === 2) break;
  }
  assert.deepEqual(seen, [...history.objects.values()]);
});

test('a token that is refused is read again from its file, once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kube-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const kubeconfig = join(folder, 'config');
  // A plugin, because client-node keeps what it has read of a token file for a minute.
  const token = join(folder, 'token');
  writeFileSync(token, 'old');
  await using cluster = await startCluster(systemClock);
  writeFileSync(kubeconfig, kubeconfigWithPlugin(cluster.server.url, token));
  const transport = new KubeTransport({
    connection: createConnection(loadKubeConfig({ file: kubeconfig }), systemClock),
    userAgent: 'test',
  });
  const seen = () => cluster.server.requests.map(({ headers }) => headers.authorization);
  cluster.server.behave = ({ headers }) =>
    headers.authorization === 'Bearer new' ? undefined : { do: 'status', code: 401, reason: 'Unauthorized' };
  await assert.rejects(transport.json({ method: 'GET', path: '/version', signal }), (error) =>
    isKubeError(error, 'unauthorized'),
  );
  assert.deepEqual(seen(), ['Bearer old', 'Bearer old']);
  writeFileSync(token, 'new');
  await createKubeApi(transport).list(WIDGET, {}, signal);
  assert.deepEqual(seen().slice(2), ['Bearer old', 'Bearer new']);
  await transport.close();
});

function kubeconfigWithPlugin(server: string, token: string): string {
  const script = `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"expirationTimestamp":"2020-01-01T00:00:00Z","token":"'$(cat ${token})'"}}'`;
  return JSON.stringify({
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'c', user: 'u', namespace: 'acme' } }],
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [
      {
        name: 'u',
        user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] } },
      },
    ],
  });
}

test('mutual TLS: the server is checked against the CA, the client shows its certificate', async () => {
  const server = await startApiServer({ tls: 'mutual' });
  const transport = new KubeTransport({
    connection: createConnection(tlsConfig(server.url, tlsFile('ca.pem')), systemClock),
    userAgent: 'test',
  });
  await createKubeApi(transport).list(WIDGET, {}, signal);
  await createKubeApi(transport).list(WIDGET, {}, signal);
  assert.deepEqual(
    server.requests.map(({ clientName }) => clientName),
    ['test client', 'test client'],
  );
  await transport.close();
  await server.close();
});

test('a CA that changes on disk counts from the next request on, while the old connection finishes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kube-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const ca = join(folder, 'ca.pem');
  copyFileSync(tlsFile('other-ca.pem'), ca);
  const server = await startApiServer({ tls: 'mutual' });
  const transport = new KubeTransport({
    connection: createConnection(tlsConfig(server.url, ca), systemClock),
    userAgent: 'test',
  });
  const api = createKubeApi(transport);
  await assert.rejects(
    api.list(WIDGET, {}, signal),
    (error) => isKubeError(error, 'unreachable') && /certificate/i.test(error.message),
  );
  copyFileSync(tlsFile('ca.pem'), ca);
  utimesSync(ca, 1, 1);
  await api.list(WIDGET, {}, signal);
  rmSync(ca);
  await api.list(WIDGET, {}, signal); // In the middle of a swap: what was read last holds.
  await transport.close();
  await server.close();
});

function tlsConfig(server: string, caFile: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'c', server, caFile, skipTLSVerify: false },
    {
      name: 'u',
      certData: readFileSync(tlsFile('client.pem')).toString('base64'),
      keyData: readFileSync(tlsFile('client.key')).toString('base64'),
    },
  );
  return config;
}

test('a token never goes over a connection without TLS unless the kubeconfig says so', async () => {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'c', server: 'http://127.0.0.1:1', skipTLSVerify: false },
    { name: 'u', token: 'top-secret' },
  );
  const transport = new KubeTransport({ connection: createConnection(config, createManualClock()), userAgent: 'test' });
  await assert.rejects(transport.json({ method: 'GET', path: '/version', signal }), (error) => {
    assert.ok(isKubeError(error, 'credentials'));
    assert.ok(!JSON.stringify(error).includes('top-secret') && !error.message.includes('top-secret'));
    return true;
  });
});

test('a kubeconfig that is missing or has no such context is a coded error', () => {
  assert.throws(
    () => loadKubeConfig({ file: '/nowhere/config' }),
    (error) => isKubeError(error, 'credentials') && error.fault.code === 'PV-2015',
  );
  assert.throws(
    () => loadKubeConfig({ file: writeConfig(), context: 'none' }),
    (error) => isKubeError(error, 'credentials'),
  );

  function writeConfig(): string {
    const file = join(mkdtempSync(join(tmpdir(), 'kube-')), 'config');
    writeFileSync(file, kubeconfigWithPlugin('http://127.0.0.1:1', '/dev/null'));
    return file;
  }
});

test('a Status in an answer keeps its words, cut to a length', async () => {
  await using cluster = await startCluster(systemClock);
  const { errorOfAnswer } = await import('./kube-error.ts');
  const error = errorOfAnswer(
    'GET /x',
    422,
    {},
    JSON.stringify(status(422, 'Invalid', `spec.size: ${'x'.repeat(5000)}`)),
  );
  assert.match(error.message, /^PV-2009 GET \/x: HTTP 422 Invalid: spec\.size: x+$/);
  assert.ok(error.message.length < 1200);
  assert.equal(cluster.server.requests.length, 0);
});
