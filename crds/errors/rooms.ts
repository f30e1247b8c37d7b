import type { CodeEntry } from './fault.ts';

/** PV-24xx: conferences and queues. */
export const roomCodes = {
  conferenceFull: {
    code: 'PV-2401',
    severity: 'warning',
    title: 'A conference was full',
    cause: 'As many participants were in it as `maxParticipants` of the first of them allows.',
    cure: 'Raise `maxParticipants` (250 at most), or let the document say something to those who cannot come in.',
  },
  notJoined: {
    code: 'PV-2402',
    severity: 'warning',
    title: 'A participant could not be brought into a conference',
    cause: 'FreeSWITCH did not let it in.',
    cure: 'See FreeSWITCH’s log. It needs mod_conference with a profile `default`. The document went on.',
  },
  waitDocument: {
    code: 'PV-2403',
    severity: 'warning',
    title: 'A `waitUrl` gave nothing to hear',
    cause: 'The web server did not answer with TwiML or sound, or the call has made as many requests as one may.',
    cure: 'The trace has the request. The caller hears Pivot’s own tones instead and keeps the place.',
  },
  queueFull: {
    code: 'PV-2404',
    severity: 'warning',
    title: 'A queue was full',
    cause: 'A queue takes 1,000 callers.',
    cure: 'The action was told `QueueResult=queue-full`.',
  },
  notBridged: {
    code: 'PV-2405',
    severity: 'warning',
    title: 'A queued caller and who wanted to take the call could not be connected',
    cause: 'FreeSWITCH did not connect both legs, or one had gone.',
    cure: 'See FreeSWITCH’s log. Both calls went on.',
  },
  eventFailed: {
    code: 'PV-2406',
    severity: 'warning',
    title: 'A `statusCallback` of a conference could not be delivered',
    cause: 'The web server did not answer, or not with a status from 200 to 299, three times.',
    cure: 'The conference went on. Events have a `SequenceNumber`: a receiver can tell that one is missing.',
  },
} as const satisfies Record<string, CodeEntry>;
