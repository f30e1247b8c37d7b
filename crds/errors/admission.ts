import type { CodeEntry } from './fault.ts';

/** PV-26xx: who may call, and where telephones register. */
export const admissionCodes = {
  notAuthenticated: {
    code: 'PV-2601',
    severity: 'error',
    title: 'A caller did not prove who it is',
    cause:
      'The INVITE came from no address of a PivotTrunk, was asked for the password of a PivotDevice, and nobody answered with one. Workers in a cluster take calls of trunks and devices only (`--inbound authenticated`).',
    cure: 'A telephone: give it the user name and password of a PivotDevice. A carrier or proxy: list its addresses in `inbound.addresses` of a PivotTrunk. Somebody who scans for open servers: nothing to do.',
  },
  wrongCredentials: {
    code: 'PV-2602',
    severity: 'error',
    title: 'Wrong user name or password',
    cause:
      'No PivotDevice of the account has this user name with this password, or the digest was made for another request.',
    cure: 'Compare the user name with `credentials.username` of the PivotDevice, the password with its Secret, and the domain of the telephone with that of the account. The caller is not told which of them is wrong.',
  },
  replayed: {
    code: 'PV-2603',
    severity: 'error',
    title: 'A digest was used a second time',
    cause: 'The credentials of an earlier request were sent again: the nonce count did not go up.',
    cure: 'A telephone does this after a restart and then answers the new challenge that it was sent. Otherwise somebody has listened; the request was not carried out.',
  },
  tooManyFailures: {
    code: 'PV-2604',
    severity: 'error',
    title: 'Too many wrong passwords',
    cause:
      'From one address, or for one user name, ten wrong digests came within ten minutes, or an address left very many challenges unanswered. It is refused for a while with 403 and Retry-After, without a look at its password. Only the first refusal is traced.',
    cure: 'Mend the password of the telephone and wait. Telephones that have proven themselves from their address within the last hour are served meanwhile.',
  },
  passwordUnknown: {
    code: 'PV-2605',
    severity: 'error',
    title: 'The password of a device is not there',
    cause:
      'The Secret of the PivotDevice or its key is missing, or the worker has started without an operator, from a copy of the table that has no secrets.',
    cure: 'See the condition ResolvedRefs of the PivotDevice. After an operator is back nothing is left to do.',
  },
  trunkFull: {
    code: 'PV-2606',
    severity: 'error',
    title: 'A trunk has as many calls as it may have',
    cause: 'The PivotTrunk’s `maxCalls` counts calls in and out, on each worker.',
    cure: 'The carrier was told 503 with Retry-After. Raise `maxCalls` if the contract with the carrier allows it.',
  },
} as const satisfies Record<string, CodeEntry>;
