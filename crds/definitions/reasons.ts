/** Why a condition is as it is: one word, part of the interface. Programs may rely on them; `docs/resources.md` lists them. */
export interface ReasonEntry {
  readonly condition: 'Accepted' | 'ResolvedRefs' | 'Programmed' | 'WebhookHealthy';
  readonly reason: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** What it means, and what to do when it is not as it should be. */
  readonly meaning: string;
}

/** What the compile states. */
export const COMPILE_REASONS = [
  { condition: 'Accepted', reason: 'Accepted', status: 'True', meaning: 'All is well.' },
  {
    condition: 'Accepted',
    reason: 'PartiallyAccepted',
    status: 'True',
    meaning:
      'It answers some of its numbers. The message names the others and why: another callflow has them, or the namespace may not claim them.',
  },
  {
    condition: 'Accepted',
    reason: 'Disabled',
    status: 'True',
    meaning: 'It is valid, and with `enabled: false` not in use.',
  },
  {
    condition: 'Accepted',
    reason: 'NumberConflict',
    status: 'False',
    meaning:
      'All its numbers belong to older callflows, which the message names. It takes over by itself when they go.',
  },
  {
    condition: 'Accepted',
    reason: 'NumberNotPermitted',
    status: 'False',
    meaning:
      'It has no number: those that the message names its namespace may not claim. The platform team gives rights in `numberRights` of the PivotFleet.',
  },
  {
    condition: 'Accepted',
    reason: 'UsernameConflict',
    status: 'False',
    meaning: 'An older device of the namespace has its user name. It is not in use until that one goes.',
  },
  {
    condition: 'Accepted',
    reason: 'InvalidCallflow',
    status: 'False',
    meaning:
      'The callflow cannot be used as it is; the message says what, where, and whether an earlier generation stays in use.',
  },
  {
    condition: 'Accepted',
    reason: 'InvalidMedia',
    status: 'False',
    meaning: 'The sound cannot be used as it is; the message says why, and whether an earlier generation stays in use.',
  },
  {
    condition: 'Accepted',
    reason: 'OtherFleet',
    status: 'False',
    meaning: 'Another PivotFleet counts, the one that the operator is started with. This one has no effect.',
  },
  { condition: 'ResolvedRefs', reason: 'ResolvedRefs', status: 'True', meaning: 'All is well.' },
  {
    condition: 'ResolvedRefs',
    reason: 'SecretNotFound',
    status: 'False',
    meaning: 'A Secret is missing from the namespace. What needs its value fails until it is there.',
  },
  {
    condition: 'ResolvedRefs',
    reason: 'KeyNotFound',
    status: 'False',
    meaning: 'A Secret has no such key. What needs its value fails until it is there.',
  },
  {
    condition: 'ResolvedRefs',
    reason: 'CallflowNotFound',
    status: 'False',
    meaning: 'An action jumps to a callflow that the namespace does not have; it is skipped.',
  },
  {
    condition: 'ResolvedRefs',
    reason: 'UserNotFound',
    status: 'False',
    meaning: 'An action names a user that the namespace does not have.',
  },
  {
    condition: 'ResolvedRefs',
    reason: 'DeviceNotFound',
    status: 'False',
    meaning: 'A user, or an action, names a device that the namespace does not have.',
  },
  {
    condition: 'ResolvedRefs',
    reason: 'MediaNotFound',
    status: 'False',
    meaning: 'An action plays a sound that the namespace does not have; nothing is played.',
  },
] as const satisfies readonly ReasonEntry[];

/**
 * What is stated of a resource that cannot even be read. The API server refuses such ones; only those that were stored under looser rules can come
 * to this.
 */
export const READER_REASONS = (['Trunk', 'User', 'Device', 'Fleet'] as const).map((kind) => ({
  condition: 'Accepted' as const,
  reason: `Invalid${kind}` as const,
  status: 'False' as const,
  meaning: `A Pivot${kind} was stored that this version cannot read; the message says why. Its last good state stays in use.`,
}));

/** What the leader states of the workers. */
export const PROGRAMMED_REASONS = [
  {
    condition: 'Programmed',
    reason: 'Programmed',
    status: 'True',
    meaning: 'Every ready worker has this generation (of the PivotFleet: the present table).',
  },
  {
    condition: 'Programmed',
    reason: 'Pending',
    status: 'Unknown',
    meaning: 'Workers have not answered yet; the message names them. It takes milliseconds, seconds at most.',
  },
  {
    condition: 'Programmed',
    reason: 'NoWorkers',
    status: 'False',
    meaning: 'No worker is ready. See the pods of the workers.',
  },
  {
    condition: 'Programmed',
    reason: 'Rejected',
    status: 'False',
    meaning: 'A worker cannot use it; the message has its words. The last version that worked stays in use.',
  },
  {
    condition: 'Programmed',
    reason: 'NotInTable',
    status: 'False',
    meaning: 'Nothing of it is in the table; the condition Accepted says why.',
  },
  {
    condition: 'Programmed',
    reason: 'TableRefused',
    status: 'False',
    meaning: 'The newest table would drop most numbers at once, and is not served. The message says how to mean it.',
  },
] as const satisfies readonly ReasonEntry[];

/** What the leader states of web servers, by what workers report. */
export const HEALTH_REASONS = [
  {
    condition: 'WebhookHealthy',
    reason: 'Healthy',
    status: 'True',
    meaning: 'Of the exchanges of the last minute in which there were any, most went well.',
  },
  {
    condition: 'WebhookHealthy',
    reason: 'Failing',
    status: 'False',
    meaning:
      'At least half of the exchanges of the last minute failed; the message has the last error, `status.lastFailure` its trace.',
  },
  {
    condition: 'WebhookHealthy',
    reason: 'NoExchanges',
    status: 'Unknown',
    meaning: 'No call has asked the web server since the callflow was declared.',
  },
] as const satisfies readonly ReasonEntry[];

export const REASONS: readonly ReasonEntry[] = [
  ...COMPILE_REASONS,
  ...READER_REASONS,
  ...PROGRAMMED_REASONS,
  ...HEALTH_REASONS,
];
