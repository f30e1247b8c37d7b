import {
  type COMPILE_REASONS,
  type HEALTH_REASONS,
  type PROGRAMMED_REASONS,
  type READER_REASONS,
  REASONS,
  type ReasonEntry,
} from '../crds/definitions/reasons.ts';

type Reason =
  | (typeof COMPILE_REASONS)[number]['reason']
  | (typeof READER_REASONS)[number]['reason']
  | (typeof PROGRAMMED_REASONS)[number]['reason']
  | (typeof HEALTH_REASONS)[number]['reason'];

/** What is not in the meaning of a reason. A reason without an entry does not compile. */
interface Help {
  /** How it comes to that. */
  readonly why: string;
  /** What to do, in the order in which to try it. */
  readonly mend: readonly string[];
  /** Commands that show more than `kubectl describe` does. */
  readonly look?: readonly string[];
}

const REFERENCE = [
  'Compare the name in the message with what there is: names are exact, and of the same namespace.',
  'Create what is missing, or correct the name. The condition follows within a second; nothing has to be applied again.',
] as const;

function unreadable(kind: string, plural: string): Help {
  return {
    why: 'It was stored by another version of the CRDs, with looser rules than those of today. A new one like it would be refused by the API server.',
    mend: [
      `Apply it again with what the message asks for; \`kubectl explain ${kind.toLowerCase()}.spec\` describes the fields.`,
      'See that the CRDs are those of the version of the operator (`crds.enabled=true` of the chart).',
    ],
    look: [`kubectl get ${plural} -n NAMESPACE NAME -o yaml`],
  };
}

const HELP: Readonly<Record<Reason, Help>> = {
  Accepted: { why: 'It is valid, and has every number that it names.', mend: ['Nothing.'] },
  PartiallyAccepted: {
    why: 'Of several callflows that claim a number the oldest has it, and a PivotFleet can keep numbers for namespaces.',
    mend: [
      'Take the numbers that the message names out of this callflow, or out of the one that has them; it takes over in the same moment.',
      'For a number that may not be claimed here, ask who keeps `numberRights` of the PivotFleet. [Numbers](numbers.md) has the rules.',
    ],
    look: ["kubectl get pivotcallflow -n NAMESPACE NAME -o jsonpath='{.status.conflicts}'"],
  },
  Disabled: {
    why: 'Its author wrote `enabled: false`.',
    mend: ['Take `enabled: false` out to use it.'],
  },
  NumberConflict: {
    why: 'Every number that it names belongs to an older callflow, perhaps of another namespace. Often the same manifest was applied under two names.',
    mend: [
      'Delete the one that is not wanted, or give one of them other numbers.',
      'To hand a number over without a gap, apply the new callflow first and delete the old one then.',
    ],
    look: [
      'kubectl get pivotcallflows -A -o wide',
      "kubectl get pivotcallflow -n NAMESPACE NAME -o jsonpath='{.status.conflicts}'",
    ],
  },
  NumberNotPermitted: {
    why: 'An entry of `numberRights` with the longest prefix that fits does not name this namespace.',
    mend: [
      'Ask the platform team to add the namespace to the entry that the message names.',
      'See that the number is written right: `+1415…` and `1415…` are two numbers.',
    ],
    look: ["kubectl get pivotfleet default -o jsonpath='{.spec.numberRights}'"],
  },
  UsernameConflict: {
    why: 'User names of devices are unique in a namespace, and the older device has it.',
    mend: ['Give one of them another `credentials.username`, or delete the one that is not in use.'],
    look: ['kubectl get pivotdevices -n NAMESPACE'],
  },
  InvalidCallflow: {
    why: 'The callflow breaks a rule that the API server cannot check: an unknown module, a field with a wrong value, a URL that the address policy refuses. Calls go on with the last good generation, if there was one; the message says so.',
    mend: [
      'The message begins with a code and ends with the place. [Errors](errors.md) says what the code wants.',
      'Check a manifest before it is applied: `pivot validate FILE` names every fault with line and column.',
    ],
    look: ['kubectl get pivotcallflow -n NAMESPACE NAME -o yaml > callflow.yaml', 'npx pivot validate callflow.yaml'],
  },
  InvalidMedia: {
    why: 'The URL of the sound is not one that may be fetched: malformed, or refused by the address policy of the fleet.',
    mend: [
      'Correct `spec.url`; the message has the code and the reason.',
      'For an address inside the cluster, the platform team allows it with `outgoing.allow` of the PivotFleet.',
    ],
    look: ["kubectl get pivotfleet default -o jsonpath='{.spec.outgoing}'"],
  },
  OtherFleet: {
    why: 'There is more than one PivotFleet, and the operator was started with `--fleet` for another.',
    mend: ['Move what it says into the one that counts, and delete it.'],
    look: ['kubectl get pivotfleets'],
  },
  InvalidTrunk: unreadable('PivotTrunk', 'pivottrunks'),
  InvalidUser: unreadable('PivotUser', 'pivotusers'),
  InvalidDevice: unreadable('PivotDevice', 'pivotdevices'),
  InvalidFleet: unreadable('PivotFleet', 'pivotfleets'),
  ResolvedRefs: { why: 'Everything that it names exists.', mend: ['Nothing.'] },
  SecretNotFound: {
    why: 'A Secret that it refers to does not exist in its namespace, or was deleted.',
    mend: [...REFERENCE, 'Where a tool brings Secrets (External Secrets, Sealed Secrets), see what that says of it.'],
    look: ['kubectl get secret -n NAMESPACE SECRET'],
  },
  KeyNotFound: {
    why: 'The Secret is there and has other keys.',
    mend: ['Add the key to the Secret, or name one that it has. Keys are exact.'],
    look: [
      'kubectl get secret -n NAMESPACE SECRET -o go-template=\'{{range $key, $_ := .data}}{{$key}}{{"\\n"}}{{end}}\'',
    ],
  },
  CallflowNotFound: {
    why: 'An action jumps to a callflow by its `id`, which is the name of a PivotCallflow of the same namespace.',
    mend: REFERENCE,
    look: ['kubectl get pivotcallflows -n NAMESPACE'],
  },
  UserNotFound: {
    why: 'An action rings a user by its `id`, which is the name of a PivotUser of the same namespace.',
    mend: REFERENCE,
    look: ['kubectl get pivotusers -n NAMESPACE'],
  },
  DeviceNotFound: {
    why: 'A PivotUser lists a device, or an action rings one by its `id`, which is the name of a PivotDevice of the same namespace.',
    mend: REFERENCE,
    look: ['kubectl get pivotdevices -n NAMESPACE'],
  },
  MediaNotFound: {
    why: 'An action plays a sound by its `id`, which is the name of a PivotMedia of the same namespace.',
    mend: REFERENCE,
    look: ['kubectl get pivotmedia -n NAMESPACE'],
  },
  Programmed: { why: 'Every ready worker has it.', mend: ['Nothing.'] },
  Pending: {
    why: 'A change is on its way, or the operator has just started and waits for the workers to come back to it.',
    mend: [
      'Wait a few seconds. If it stays, the runbook [PivotWorkersBehind](runbooks/PivotWorkersBehind.md) says where to look.',
    ],
    look: ['kubectl get pivotfleet default -o yaml'],
  },
  NoWorkers: {
    why: 'No media worker is connected and ready. Nothing is wrong with the resource.',
    mend: [
      'The runbook [PivotNoReadyWorker](runbooks/PivotNoReadyWorker.md) says where to look.',
      'Before the first worker is installed this is as it should be.',
    ],
    look: ['kubectl get pods -n pivot-system -l app.kubernetes.io/component=media-worker'],
  },
  Rejected: {
    why: 'The operator found it good and a worker did not. Most often the worker is of an older version, in the middle of a rollout.',
    mend: [
      'Finish the rollout; it is tried again when the worker that refused it has gone.',
      'Otherwise change what the message names. It should not happen between equal versions: please report it.',
    ],
    look: ["kubectl get pods -n pivot-system -o custom-columns='NAME:.metadata.name,IMAGE:.spec.containers[0].image'"],
  },
  NotInTable: {
    why: 'It has no number, or could not be read and has no earlier generation that could.',
    mend: ['Mend what `Accepted` says.'],
    look: [
      'kubectl get pivotcallflow -n NAMESPACE NAME -o jsonpath=\'{.status.conditions[?(@.type=="Accepted")].message}\'',
    ],
  },
  TableRefused: {
    why: 'The newest table would take most numbers away at once, so it is held back: more was deleted than was meant, or a restore is half done. It concerns every resource that has changed since.',
    mend: [
      'Not meant: bring back what is missing.',
      'Meant: `kubectl annotate pivotfleet default pivot.voice/allow-shrink=true`, and take it away again (`pivot.voice/allow-shrink-`) when the table is in force.',
    ],
    look: ['kubectl get pivotcallflows -A'],
  },
  Healthy: { why: 'Its web server answers.', mend: ['Nothing.'] },
  Failing: {
    why: 'The web server cannot be reached, is slow, answers with an error, or with a document that cannot be used.',
    mend: [
      'The code of the last error says which; [Errors](errors.md) has what to do.',
      'Open its trace: `status.lastFailure.link`, or `status.lastFailure.traceId` in Jaeger. It has the request, and with `debug: true` the answer.',
      'A `fallback_url` and a `failback` keep callers served meanwhile.',
    ],
    look: ["kubectl get pivotcallflow -n NAMESPACE NAME -o jsonpath='{.status.lastFailure}'"],
  },
  NoExchanges: {
    why: 'No call has come to it yet, or it has no webhook.',
    mend: ['Call it: `npx pivot call NUMBER --sip HOST:PORT`.'],
  },
};

/** `docs/troubleshooting.md`: every reason of a condition, with what to do. */
export function troubleshooting(): string {
  const conditions = [...new Set(REASONS.map(({ condition }) => condition))];
  return `${[
    '# Troubleshooting',
    '<!-- Made by tools/generate-docs.ts of tools/troubleshooting.ts and crds/definitions/reasons.ts; do not edit. -->',
    'What the conditions of a resource say, why, and how to mend it. The condition and its message are seen with',
    block(['kubectl get pivot -A', 'kubectl describe KIND -n NAMESPACE NAME']),
    'where KIND is `pivotcallflow`, `pivotdevice` and so on. A message with a `PV-` code is about something of which [Errors](errors.md) says more; for a call that went wrong, its [trace](debug.md) is the place to look; for the platform there are [runbooks](runbooks/README.md).',
    conditions
      .map(
        (condition) =>
          `- \`${condition}\`: ${of(condition)
            .map(({ reason }) => `[${reason}](#${condition.toLowerCase()}-${reason.toLowerCase()})`)
            .join(', ')}`,
      )
      .join('\n'),
    ...conditions.flatMap((condition) => of(condition).flatMap(section)),
  ].join('\n\n')}\n`;
}

function of(condition: string): readonly ReasonEntry[] {
  return REASONS.filter((one) => one.condition === condition);
}

function section({ condition, reason, status, meaning }: ReasonEntry): string[] {
  const { why, mend, look = [] } = HELP[reason as Reason];
  return [
    `## ${condition} ${reason}`,
    `*\`${condition}\` is ${status}.* ${meaning}`,
    `**Why.** ${why}`,
    ...(mend.length === 1
      ? [`**What to do.** ${mend[0]}`]
      : ['**What to do.**', mend.map((one) => `* ${one}`).join('\n')]),
    ...(look.length === 0 ? [] : ['**To see it.**', block(look)]),
  ];
}

function block(commands: readonly string[]): string {
  return commands.map((command) => `    ${command}`).join('\n');
}
