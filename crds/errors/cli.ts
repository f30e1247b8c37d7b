import type { CodeEntry } from './fault.ts';

/** PV-18xx: the `pivot` command. */
export const cliCodes = {
  badOption: {
    code: 'PV-1801',
    severity: 'error',
    title: 'An option or argument is wrong',
    cause: 'The command line has an unknown option or a value that the option does not take.',
    cure: 'The message names it; `pivot COMMAND --help` lists what there is.',
  },
  portInUse: {
    code: 'PV-1802',
    severity: 'error',
    title: 'An address is already in use',
    cause: 'Another program, often another `pivot up`, listens there.',
    cure: 'Stop it, or choose another port with the option that the message names (0 takes a free one).',
  },
  badManifests: {
    code: 'PV-1804',
    severity: 'error',
    title: 'The manifests cannot be used',
    cause: 'At the start there is no good table to keep, so a bad manifest ends the command.',
    cure: 'Mend what the lines before this one name, or try them with `pivot validate`.',
  },
  callFailed: {
    code: 'PV-1805',
    severity: 'error',
    title: 'The test call was not answered, or did not end normally',
    cause:
      'The far end refused it, could not be reached, did not answer in time, or hung up for another reason than that the call was over.',
    cure: 'See the SIP status or the cause in the message, and the time line. Is `pivot up` running at that address?',
  },
  addressUnusable: {
    code: 'PV-1806',
    severity: 'error',
    title: 'An address cannot be listened on',
    cause: 'The machine has no such address, or the port needs rights that the process lacks.',
    cure: 'Use an address of this machine and a port above 1023.',
  },
} as const satisfies Record<string, CodeEntry>;
