/** `pivot operator` on a real API server, with the rights that it has in a cluster: what it says of resources, and when. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { controlPlaneBinaries } from './control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import { undocumented } from './documented-metrics.ts';
import { Program } from './program.ts';

const CRDS = fileURLToPath(new URL('../crds/', import.meta.url));
const RBAC = fileURLToPath(new URL('../operator/controller/rbac.yaml', import.meta.url));
const SYSTEM = 'pivot-system';
const ACCOUNT = 'system:serviceaccount:pivot-system:pivot-operator';
const GROUP = '/apis/pivot.voice/v1alpha1';
/** How long something may take that takes milliseconds on a machine with nothing else to do. */
const PATIENCE_MS = 30_000;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

interface Status {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly numbers?: { readonly owned: number; readonly conflicted: number; readonly notPermitted?: number };
  readonly conflicts?: readonly { readonly number: string; readonly ownedBy: string }[];
}

interface Resource {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly generation: number };
  readonly status?: Status;
}

const found = await controlPlaneBinaries();

describe('pivot operator on a real API server', { skip: found.ok ? false : found.hint }, () => {
  let plane: ControlPlane;
  let kubeconfig: string;
  let operator: Operator;

  before(async () => {
    plane = await startControlPlane(found.ok ? { binaries: found.binaries } : {});
    await kubectl('apply', '--server-side', '-f', CRDS);
    await kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
    for (const namespace of [SYSTEM, 'acme', 'globex']) await kubectl('create', 'namespace', namespace);
    await kubectl('create', 'serviceaccount', 'pivot-operator', '-n', SYSTEM);
    await kubectl('apply', '-n', SYSTEM, '-f', RBAC);
    const subject = `--serviceaccount=${SYSTEM}:pivot-operator`;
    await kubectl('create', 'clusterrolebinding', 'pivot', '--clusterrole=pivot-operator', subject);
    await kubectl('create', 'rolebinding', 'pivot', '--role=pivot-operator', subject, '-n', SYSTEM);
    for (const question of [
      ['list', 'pivotcallflows'],
      ['create', 'events.events.k8s.io'],
      ['create', 'leases', '-n', SYSTEM],
    ]) {
      const args = ['auth', 'can-i', '--as', ACCOUNT, ...question];
      await until(async () => (await plane.kubectl(args.includes('-n') ? args : [...args, '-A'])).code === 0);
    }
    kubeconfig = await plane.kubeconfigOf(ACCOUNT);
    operator = await startOperator('first');
    await operator.program.line(/^leading: /);
    await operator.program.line(/^ready: /);
  });
  after(async () => {
    operator?.program.signal('SIGKILL');
    await plane?.stop();
  });

  async function kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await plane.kubectl(args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function startOperator(identity: string): Promise<Operator> {
    const args = ['cli/bin.js', 'operator', '--kubeconfig', kubeconfig, '--namespace', SYSTEM, '--http', '127.0.0.1:0'];
    const stream = ['--stream', '127.0.0.1:0', '--stream-insecure'];
    const program = new Program([...args, ...stream, '--identity', identity]);
    const [, url = ''] = await program.line(/^started: http (\S+) /);
    return { program, url };
  }

  async function apply(...resources: readonly object[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: resources };
    const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], JSON.stringify(list));
    assert.equal(code, 0, stderr);
  }

  const pathOf = (name: string, namespace: string, plural: string): string =>
    `${GROUP}/namespaces/${namespace}/${plural}/${name}`;

  async function read(name: string, namespace = 'acme', plural = 'pivotcallflows'): Promise<Resource> {
    const { status, body } = await plane.api.request(pathOf(name, namespace, plural));
    assert.equal(status, 200, JSON.stringify(body));
    return body as Resource;
  }

  /** Waits for a condition of the present generation. */
  async function condition(
    name: string,
    type: string,
    reason: string,
    namespace = 'acme',
    plural = 'pivotcallflows',
  ): Promise<Condition> {
    let last: Resource | undefined;
    const limit = performance.now() + PATIENCE_MS;
    while (performance.now() < limit) {
      last = await read(name, namespace, plural);
      const one = last.status?.conditions?.find((each) => each.type === type);
      if (one?.reason === reason && one.observedGeneration === last.metadata.generation) return one;
      await delay(20);
    }
    throw new Error(`${name} has no ${type} ${reason}: ${JSON.stringify(last?.status)}`);
  }

  test('a callflow is accepted within a second of its being applied', async () => {
    // A new leader gives workers a moment to come before it says that there are none.
    await apply(callflow('first', ['2000']));
    await condition('first', 'Programmed', 'NoWorkers');
    await apply(callflow('support', ['+14155550100', '2030']));
    const applied = performance.now();
    const accepted = await condition('support', 'Accepted', 'Accepted');
    const took = performance.now() - applied;
    assert.equal(accepted.status, 'True');
    assert.ok(took < 1000, `it took ${Math.round(took)} ms`);
    const { status } = await read('support');
    assert.equal(status?.observedGeneration, 1);
    assert.deepEqual(status?.numbers, { owned: 2, conflicted: 0 });
    assert.deepEqual(
      status?.conditions?.map(({ type, status: value, reason }) => `${type} ${value} ${reason}`),
      [
        'Accepted True Accepted',
        'ResolvedRefs True ResolvedRefs',
        'Programmed False NoWorkers',
        'WebhookHealthy Unknown NoExchanges',
      ],
    );
    await kubectl('wait', '-n', 'acme', '--for=condition=Accepted', '--timeout=1s', 'pivotcallflow/support');
  });

  test('a callflow that is not valid says with a code where and how to mend it, and the last good one stays', async () => {
    const broken = callflow('broken', ['2100']);
    await apply(broken);
    const good = await condition('broken', 'Accepted', 'Accepted');
    await apply({ ...broken, spec: { numbers: ['2100'], flow: { module: 'plai', data: {} } } });
    const bad = await condition('broken', 'Accepted', 'InvalidCallflow');
    assert.equal(bad.status, 'False');
    assert.match(bad.message, /PV-11\d\d .*"?plai"?.*did you mean "?play"?.*\(at \/spec\/flow\/module\)/);
    assert.match(bad.message, /Generation 1 stays in use/);
    assert.equal((await condition('broken', 'ResolvedRefs', 'InvalidCallflow')).status, 'Unknown');
    assert.ok(bad.lastTransitionTime >= good.lastTransitionTime);
    await until(async () =>
      (await events('broken')).some((event) => event.startsWith('Warning InvalidCallflow PV-11')),
    );
    await apply(broken);
    await condition('broken', 'Accepted', 'Accepted');
  });

  test('of two that want a number the older has it; the other says who, and takes over when that is deleted', async () => {
    await apply(callflow('winner', ['+14155550111'], 'globex'));
    await condition('winner', 'Accepted', 'Accepted', 'globex');
    await delay(1100); // creationTimestamp counts whole seconds.
    await apply(callflow('loser', ['+14155550111']));
    const lost = await condition('loser', 'Accepted', 'NumberConflict');
    assert.equal(lost.status, 'False');
    assert.match(lost.message, /\+14155550111 belongs to globex\/winner/);
    const { status } = await read('loser');
    assert.deepEqual(status?.conflicts, [{ number: '+14155550111', ownedBy: 'globex/winner' }]);
    await kubectl('delete', '-n', 'globex', 'pivotcallflow/winner', '--wait=false');
    const won = await condition('loser', 'Accepted', 'Accepted');
    assert.equal(won.status, 'True');
    assert.equal((await read('loser')).status?.conflicts, undefined);
  });

  test('a Secret that is missing is named, and found when it is made', async () => {
    const signed = callflow('signed', ['2200'], 'acme', { signing: { secretRef: { name: 'app', key: 'hmac' } } });
    await apply(signed);
    const missing = await condition('signed', 'ResolvedRefs', 'SecretNotFound');
    assert.equal(missing.status, 'False');
    assert.match(missing.message, /there is no Secret "app" in acme .*\/spec\/pivot\/signing\/secretRef/);
    await kubectl('create', 'secret', 'generic', 'app', '-n', 'acme', '--from-literal=other=1');
    await condition('signed', 'ResolvedRefs', 'KeyNotFound');
    await apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'app', namespace: 'acme' },
      stringData: { hmac: 'hush-hush-1', late: 'hush-hush-2' },
    });
    assert.equal((await condition('signed', 'ResolvedRefs', 'ResolvedRefs')).status, 'True');
    // A key of a Secret that was there long before anybody referred to it.
    await apply(callflow('late', ['2201'], 'acme', { signing: { secretRef: { name: 'app', key: 'late' } } }));
    assert.equal((await condition('late', 'ResolvedRefs', 'ResolvedRefs')).status, 'True');
    await kubectl('delete', 'secret', 'app', '-n', 'acme');
    await condition('signed', 'ResolvedRefs', 'SecretNotFound');
    const everything = operator.program.lines.join('\n') + (await metrics(operator));
    assert.doesNotMatch(everything, /hush-hush/);
    assert.doesNotMatch(await kubectl('get', 'pivotcallflows,events', '-A', '-o', 'yaml'), /hush-hush/);
  });

  test('a sound with a name is accepted, and a callflow that plays it finds it', async () => {
    const flow = { module: 'play', data: { id: 'sorry' } };
    await apply({ ...callflow('player', []), spec: { numbers: ['2300'], flow } });
    await condition('player', 'ResolvedRefs', 'MediaNotFound');
    const media = {
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotMedia',
      metadata: { name: 'sorry', namespace: 'acme' },
    };
    await apply({ ...media, spec: { text: 'Sorry.' } });
    await condition('player', 'ResolvedRefs', 'ResolvedRefs');
    await until(async () => {
      const { status } = await read('sorry', 'acme', 'pivotmedia');
      return status?.conditions?.some(({ type, reason }) => type === 'Accepted' && reason === 'Accepted') === true;
    });
  });

  test('users, devices and trunks say what is wrong with them; a password that is missing is found when it is made', async () => {
    const resource = (kind: string, name: string, spec: object): object => ({
      apiVersion: 'pivot.voice/v1alpha1',
      kind,
      metadata: { name, namespace: 'acme' },
      spec,
    });
    const credentials = { username: 'desk', passwordSecretRef: { name: 'phones', key: 'desk' } };
    await apply(
      resource('PivotUser', 'ann', { devices: ['desk', 'mobile'] }),
      resource('PivotDevice', 'desk', { credentials }),
      resource('PivotTrunk', 'carrier', { servers: [{ host: 'sip.carrier.example' }], enabled: false }),
    );
    const of = (kind: string, name: string, type: string, reason: string): Promise<Condition> =>
      condition(name, type, reason, 'acme', kind);
    assert.match(
      (await of('pivotusers', 'ann', 'ResolvedRefs', 'DeviceNotFound')).message,
      /"mobile".*\/spec\/devices\/1/,
    );
    await of('pivotdevices', 'desk', 'ResolvedRefs', 'SecretNotFound');
    await of('pivottrunks', 'carrier', 'Accepted', 'Disabled');
    await apply(resource('PivotDevice', 'mobile', { credentials }), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'phones', namespace: 'acme' },
      stringData: { desk: 'not told' },
    });
    await of('pivotusers', 'ann', 'ResolvedRefs', 'ResolvedRefs');
    await of('pivotdevices', 'desk', 'ResolvedRefs', 'ResolvedRefs');
    // Of equal age the first by name has it; of another the older.
    await of('pivotdevices', 'mobile', 'Accepted', 'UsernameConflict');
    await kubectl('delete', '-n', 'acme', 'pivotdevice/desk', '--wait=false');
    await of('pivotdevices', 'mobile', 'Accepted', 'Accepted');
    assert.doesNotMatch(JSON.stringify(await read('mobile', 'acme', 'pivotdevices')), /not told/);
  });

  test('the fleet gives rights to numbers while the operator runs; another fleet is told that it does not count', async () => {
    const fleet = (name: string, spec: object): object => ({
      apiVersion: 'pivot.voice/v1alpha1',
      kind: 'PivotFleet',
      metadata: { name },
      spec,
    });
    await apply(callflow('london', ['+442079460000'], 'globex'));
    await condition('london', 'Accepted', 'Accepted', 'globex');
    const numberRights = [{ prefix: '+44', namespaces: ['acme'] }];
    await apply(fleet('default', { numberRights }), fleet('west', {}));
    const refused = await condition('london', 'Accepted', 'NumberNotPermitted', 'globex');
    assert.match(refused.message, /^\+442079460000 .*"\+44"/);
    const { status } = await read('london', 'globex');
    assert.deepEqual(status?.numbers, { owned: 0, conflicted: 0, notPermitted: 1 });
    const west = async (): Promise<Resource> => (await plane.api.request(`${GROUP}/pivotfleets/west`)).body as Resource;
    await until(async () => (await west()).status?.conditions?.[0]?.reason === 'OtherFleet');
    await kubectl('delete', 'pivotfleet/default', 'pivotfleet/west', '--wait=false');
    await condition('london', 'Accepted', 'Accepted', 'globex');
  });

  test('what is undone in a status by others is done again, and nothing is written when nothing has changed', async () => {
    await kubectl(
      ...['patch', '-n', 'acme', 'pivotcallflow/support', '--subresource=status', '--type=merge'],
      ...['-p', '{"status":{"numbers":{"owned":77,"conflicted":0}}}'],
    );
    await until(async () => (await read('support')).status?.numbers?.owned === 2);
    const { resourceVersion } = (await read('support')).metadata;
    const written = await writes(operator);
    // A change of somebody else makes everything be compiled anew.
    await apply(callflow('other', ['2400']));
    await condition('other', 'Accepted', 'Accepted');
    assert.equal((await read('support')).metadata.resourceVersion, resourceVersion);
    assert.equal(await writes(operator), written + 1);
  });

  test('asks for nothing that it has no right to', async () => {
    assert.deepEqual(
      operator.program.lines.filter((line) => line.includes('PV-2003')),
      [],
    );
    const rules = await readFile(RBAC, 'utf8');
    assert.doesNotMatch(rules, /\*/);
  });

  test('goes on when the API server was gone, and writes nothing anew', async () => {
    const { resourceVersion } = (await read('support')).metadata;
    await plane.apiServer.restart('SIGKILL');
    await apply(callflow('after-restart', ['2500']));
    const applied = performance.now();
    await condition('after-restart', 'Accepted', 'Accepted');
    const took = performance.now() - applied;
    assert.ok(took < 5000, `it took ${Math.round(took)} ms`);
    assert.equal((await read('support')).metadata.resourceVersion, resourceVersion);
    assert.equal((await fetch(`${operator.url}/readyz`)).status, 200);
  });

  test('of two one leads; when it is stopped the other leads at once, when it is killed soon', async () => {
    const second = await startOperator('second');
    await second.program.line(/^ready: /);
    assert.equal((await fetch(`${second.url}/readyz`)).status, 200);
    assert.ok(!second.program.lines.some((line) => line.startsWith('leading:')));
    assert.equal(await writes(second), 0);

    operator.program.signal('SIGTERM');
    assert.equal(await operator.program.ended, 0);
    await second.program.line(/^leading: second_/);
    // Everything was said by the first already.
    await apply(callflow('by-the-second', ['2600']));
    await condition('by-the-second', 'Accepted', 'Accepted');
    assert.equal(await writes(second), 1);

    operator = await startOperator('third');
    await operator.program.line(/^ready: /);
    second.program.signal('SIGKILL');
    await second.program.ended;
    await apply(callflow('by-the-third', ['2700']));
    await condition('by-the-third', 'Accepted', 'Accepted');
    await operator.program.line(/^leading: third_/);
  });

  test('its metrics are all documented, and say how many callflows have a condition that is False', async () => {
    assert.deepEqual(undocumented(await metrics(operator)), []);
    const refused = (): Promise<number> => figure('pivot_operator_callflows_false', 'condition="Accepted"');
    assert.equal(await refused(), 0);
    const good = callflow('counted', ['2199']);
    await apply({ ...good, spec: { numbers: ['2199'], flow: { module: 'plai', data: {} } } });
    await condition('counted', 'Accepted', 'InvalidCallflow');
    await until(async () => (await refused()) === 1);
    await apply(good);
    await until(async () => (await refused()) === 0);
  });

  test('a leader whose Lease somebody else has taken ends, and says so', async () => {
    await kubectl(
      ...['patch', '-n', SYSTEM, 'lease/pivot-operator', '--type=merge'],
      ...['-p', '{"spec":{"holderIdentity":"somebody else"}}'],
    );
    assert.equal(await operator.program.ended, 1);
    assert.match(operator.program.lines.join('\n'), /PV-2017 .*somebody else/);
  });

  async function figure(name: string, label: string): Promise<number> {
    const [, value] = new RegExp(`^${name}\\{${label}[^}]*\\} (\\d+)$`, 'm').exec(await metrics(operator)) ?? [];
    return Number(value);
  }

  async function events(name: string): Promise<readonly string[]> {
    const { body } = await plane.api.request('/apis/events.k8s.io/v1/namespaces/acme/events');
    const { items } = body as {
      items: { type: string; reason: string; note: string; regarding: { name: string } }[];
    };
    return items
      .filter(({ regarding }) => regarding.name === name)
      .map(({ type, reason, note }) => `${type} ${reason} ${note}`);
  }
});

interface Operator {
  readonly program: Program;
  readonly url: string;
}

async function metrics({ url }: Operator): Promise<string> {
  return await (await fetch(`${url}/metrics`)).text();
}

/** Statuses that the operator has written. */
async function writes(operator: Operator): Promise<number> {
  const match = /^pivot_operator_statuses(?:_total)?\{[^}]*outcome="written"[^}]*\} (\d+)/m.exec(
    await metrics(operator),
  );
  return Number(match?.[1]);
}

function callflow(name: string, numbers: readonly string[], namespace = 'acme', pivot: object = {}): object {
  return {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotCallflow',
    metadata: { name, namespace },
    spec: { numbers, pivot: { voice_url: 'https://app.example.com/voice', ...pivot } },
  };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error('it never came to hold');
    await delay(20);
  }
}
