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
  badRegister: {
    code: 'PV-2610',
    severity: 'error',
    title: 'A REGISTER could not be read',
    cause:
      'A header that SIP requires (To, Call-ID, CSeq, a readable Contact) is missing or malformed, or there are more than ten contacts.',
    cure: 'Mend the telephone that sent it; the message says which part was unreadable. It was told 400.',
  },
  notOwnAddress: {
    code: 'PV-2611',
    severity: 'error',
    title: 'A device wanted to register as somebody else',
    cause:
      'The user in To is neither the user name of the device whose password was shown nor the name of its PivotDevice.',
    cure: 'Give the telephone one name for both: user (or extension) and authentication user are `credentials.username`.',
  },
  outOfOrder: {
    code: 'PV-2612',
    severity: 'error',
    title: 'A REGISTER came late',
    cause:
      'Its CSeq is not above that of the last REGISTER with the same Call-ID for this address: it overtook another, or is a copy.',
    cure: 'Nothing, if it is rare: the telephone registers again. What was known stays.',
  },
  contactsReplaced: {
    code: 'PV-2613',
    severity: 'warning',
    title: 'A device has registered at more addresses than it may',
    cause:
      'More telephones use the user name than `maxContacts` of the PivotDevice allows, or one changes its address with each start and leaves the old one behind.',
    cure: 'The address that was refreshed longest ago was forgotten. Give each telephone a PivotDevice of its own, or raise `maxContacts`.',
  },
} as const satisfies Record<string, CodeEntry>;
