import type { CodeEntry } from './fault.ts';

/** PV-21xx: the routing table's way from the operator to the media workers. */
export const streamCodes = {
  unreachable: {
    code: 'PV-2101',
    severity: 'warning',
    title: 'The operator cannot be reached',
    cause: 'Nothing answers at its address, the connection broke or went silent, or its certificate is not trusted.',
    cure: 'Calls go on with the last routing table, and the worker keeps trying. See that an operator is leader (`kubectl get lease`), and the Service, the certificate and the network policies between them.',
  },
  unauthorized: {
    code: 'PV-2102',
    severity: 'error',
    title: 'The operator does not accept the token of the worker',
    cause: 'The token is missing, expired, made for another audience, or belongs to another ServiceAccount.',
    cure: 'See that the pod mounts a projected token with the audience `pivot-operator` and runs under the ServiceAccount of the chart. The worker keeps trying and reads the token anew.',
  },
  malformed: {
    code: 'PV-2103',
    severity: 'error',
    title: 'A message on the table stream is not of the protocol',
    cause:
      'The other side is of another version of Pivot, or is no Pivot at all; or the message is longer than allowed.',
    cure: 'Run operator and workers of neighbouring versions. The connection is made anew, and the last good table stays in use.',
  },
  otherProtocol: {
    code: 'PV-2104',
    severity: 'error',
    title: 'Operator and worker have no version of the table stream in common',
    cause: 'One of them is much older than the other.',
    cure: 'Upgrade the older one; the message names the versions.',
  },
  tableMismatch: {
    code: 'PV-2105',
    severity: 'warning',
    title: 'The routing table is not what its version says',
    cause:
      'A change does not start at the version that the worker has, or was damaged on the way: the hash of the content differs.',
    cure: 'The worker keeps its table and is sent the whole new one. If it comes again, report it.',
  },
  objectRejected: {
    code: 'PV-2106',
    severity: 'error',
    title: 'A worker cannot use a callflow',
    cause:
      'The callflow passed the checks of the operator and still cannot be put to use by a worker, most often one of another version.',
    cure: 'The last version of the callflow that worked stays in use. Upgrade the worker, or change what the message names.',
  },
  shrinkRefused: {
    code: 'PV-2107',
    severity: 'error',
    title: 'A routing table that drops most numbers at once is refused',
    cause:
      'More numbers would vanish at once than the limit allows; a mistake (a wrong folder, an operator without rights) looks the same.',
    cure: 'The table before stays in use. If it is meant, mark it: annotate the PivotFleet with `pivot.voice/allow-shrink`.',
  },
  copyUnreadable: {
    code: 'PV-2108',
    severity: 'warning',
    title: 'The stored copy of the routing table cannot be used',
    cause: 'The file is damaged or cut off, or its content does not have the hash that it names.',
    cure: 'None: it is ignored, and the next table replaces it. If it comes again, look at the disk.',
  },
  copyUnwritable: {
    code: 'PV-2109',
    severity: 'warning',
    title: 'The copy of the routing table cannot be written',
    cause: 'The folder does not exist, is full, or must not be written to.',
    cure: 'Mend the volume that the message names. Until then a restart without an operator begins with an older table.',
  },
  workerSilent: {
    code: 'PV-2110',
    severity: 'warning',
    title: 'A worker has gone silent',
    cause: 'Nothing came from it for 12 s: it hangs, its machine is gone, or the network in between.',
    cure: 'It counts as gone, and Programmed no longer waits for it. If it is alive it connects again by itself.',
  },
  workerSlow: {
    code: 'PV-2111',
    severity: 'warning',
    title: 'A worker does not keep up with the table',
    cause: 'It did not take or acknowledge a table within 30 s.',
    cure: 'Its connection was closed; it connects again by itself. Look at its processor and its network.',
  },
  snapshotTooLarge: {
    code: 'PV-2112',
    severity: 'error',
    title: 'The routing table does not fit into the snapshot Secrets',
    cause: 'The compressed table needs more Secrets than workers mount.',
    cure: 'Workers that start while no operator is there cannot have it. Raise `snapshot.shards` of the chart.',
  },
  tooManyWorkers: {
    code: 'PV-2113',
    severity: 'error',
    title: 'The operator takes no further connections',
    cause: 'As many workers are connected, or being authenticated, as it allows.',
    cure: 'The worker keeps trying. Raise the limit that the message names if there are so many workers.',
  },
  authenticationFailed: {
    code: 'PV-2114',
    severity: 'error',
    title: 'The token of a worker could not be checked',
    cause: 'The API server did not answer the TokenReview.',
    cure: 'See the state of the API server. The worker keeps trying.',
  },
  badCertificate: {
    code: 'PV-2115',
    severity: 'error',
    title: 'The certificate of the table stream cannot be used',
    cause: 'The folder has no `tls.crt` and `tls.key`, or they are no pair of certificate and key in PEM.',
    cure: 'See the Secret that is mounted there, and `--stream-tls`. A certificate in use stays in use until a good one replaces it.',
  },
} as const satisfies Record<string, CodeEntry>;
