import type { CodeEntry } from './fault.ts';

/** PV-16xx: running callflows. */
export const engineCodes = {
  moduleFailed: {
    code: 'PV-1601',
    severity: 'error',
    title: 'An action failed for a reason of our own',
    cause: 'A callflow module threw an error that it should have handled.',
    cure: 'The call went on at `_`. Please report the message with the trace.',
  },
  moduleNotRun: {
    code: 'PV-1602',
    severity: 'warning',
    title: 'This module is known but not run by this version',
    cause: 'The callflow uses a module that validates but has no behaviour here yet.',
    cure: 'The action was skipped and the call went on at `_`. See the callflow reference for the modules that run.',
  },
  tooManyBranches: {
    code: 'PV-1603',
    severity: 'error',
    title: 'More than 50 branches in a call',
    cause: 'Callflows jump into each other (`callflow`) in a circle.',
    cure: 'Break the circle. The call was ended.',
  },
  tooManyActions: {
    code: 'PV-1604',
    severity: 'error',
    title: 'More than 10,000 actions in a call',
    cause: 'Flows replace each other without end.',
    cure: 'Let the flow come to an end. The call was ended.',
  },
  missingCallflow: {
    code: 'PV-1605',
    severity: 'warning',
    title: 'The callflow that an action refers to does not exist',
    cause: 'No accepted PivotCallflow of that name is in the account.',
    cure: 'Create it, or mend the `id`. The call went on at `_`.',
  },
  badActionData: {
    code: 'PV-1606',
    severity: 'warning',
    title: 'A value in an action was not usable',
    cause: 'The value passed validation but means nothing here (an unknown scope, an unreadable URL).',
    cure: 'The message says which; the call went on at `_`.',
  },
  digitsNotSent: {
    code: 'PV-1607',
    severity: 'warning',
    title: 'Digits could not be sent',
    cause: 'The media server refused to send DTMF on this call.',
    cure: 'See that the caller offered telephone-event (RFC 4733). The call went on.',
  },
  requestNotSent: {
    code: 'PV-1609',
    severity: 'warning',
    title: 'The request of a `webhook` action was not sent',
    cause: 'Too many such requests are under way: the servers that they go to are slower than calls come in.',
    cure: 'See why the server named in the message is slow. The call went on.',
  },
} as const satisfies Record<string, CodeEntry>;
