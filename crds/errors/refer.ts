import type { CodeEntry } from './fault.ts';

/** PV-27xx, from PV-2730: calls that are handed over by SIP REFER. */
export const referCodes = {
  refused: {
    code: 'PV-2730',
    severity: 'warning',
    title: 'The caller’s side refused a transfer',
    cause:
      'It answered the REFER with another status than 202: it does not know REFER, or does not let others transfer its calls. Most carriers do not.',
    cure: 'Use `<Dial>`, which stays in the call; or have the carrier allow REFER. The status is in the message and in `ReferSipResponseCode`.',
  },
  unheard: {
    code: 'PV-2731',
    severity: 'warning',
    title: 'Nobody said what became of a transfer',
    cause: 'The caller’s side took the REFER and sent no NOTIFY with a final status in time (RFC 3515 section 2.4.5).',
    cure: 'The call went on with `ReferCallStatus` `no-answer`. Hang up if the caller is not needed any more.',
  },
  notSent: {
    code: 'PV-2732',
    severity: 'warning',
    title: 'A transfer could not be sent',
    cause: 'drachtio-server could not send the REFER: the connection to it or to the caller is gone.',
    cure: 'The message has its words. The call went on with `ReferCallStatus` `failed`.',
  },
} as const satisfies Record<string, CodeEntry>;
