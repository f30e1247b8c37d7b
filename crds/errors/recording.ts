import type { CodeEntry } from './fault.ts';

/** PV-19xx: recordings, from the first sample to their delivery. */
export const recordingCodes = {
  folderUnusable: {
    code: 'PV-1901',
    severity: 'error',
    title: 'The folder for recordings cannot be used',
    cause: 'It cannot be made or written, or the disk is full. FreeSWITCH has to be able to write there too.',
    cure: 'The message has the system’s reason. Free the disk, or give a folder that both the worker and FreeSWITCH can write (`--recordings`).',
  },
  notRecorded: {
    code: 'PV-1902',
    severity: 'warning',
    title: 'Nothing could be recorded',
    cause: 'FreeSWITCH could not write the file, or left none behind.',
    cure: 'See that FreeSWITCH and the worker see the same folder under the same name. The call went on.',
  },
  uploadFailed: {
    code: 'PV-1903',
    severity: 'warning',
    title: 'A recording could not be delivered and is kept for another attempt',
    cause: 'The server or the bucket that it goes to did not take it. The message says which and why.',
    cure: 'Nothing is lost: the file stays on the worker’s disk and is sent again, with growing pauses, also after a restart. Mend the receiver.',
  },
  uploadGivenUp: {
    code: 'PV-1904',
    severity: 'error',
    title: 'The delivery of a recording was given up',
    cause:
      'It was refused for a day, or the receiver said that a repetition is of no use (400 to 499 but 408 and 429).',
    cure: 'The file is still in the worker’s folder for recordings, beside a JSON file that says where it was to go. Fetch it by its `RecordingUrl`, or remove both.',
  },
  callbackFailed: {
    code: 'PV-1905',
    severity: 'warning',
    title: 'A `recordingStatusCallback` could not be delivered',
    cause: 'The web server did not answer, or not with a status from 200 to 299.',
    cure: 'It is sent again with growing pauses for a day, also after a restart; receivers tell repetitions by `RecordingSid` and `RecordingStatus`.',
  },
  noEncoder: {
    code: 'PV-1906',
    severity: 'warning',
    title: 'There is no program that makes mp3 files',
    cause: 'mp3 files are made by the program `lame` or `ffmpeg`; neither is installed where the worker runs.',
    cure: 'Install one of them, or ask for wav, which is what was delivered instead.',
  },
  repaired: {
    code: 'PV-1907',
    severity: 'warning',
    title: 'A recording was found unfinished and has been completed',
    cause: 'The worker ended while the recording was going on. What had been recorded until then is there.',
    cure: 'See why the worker ended. The recording was delivered like any other.',
  },
  badEntry: {
    code: 'PV-1908',
    severity: 'error',
    title: 'A file that describes a recording cannot be read',
    cause: 'It was edited, or is of a newer version.',
    cure: 'The sound beside it is untouched. Remove both once you have what you need.',
  },
  tooMany: {
    code: 'PV-1909',
    severity: 'error',
    title: 'Too many recordings wait for their delivery',
    cause: 'The receiver has not taken recordings for long; no further ones are begun, so that the disk is not filled.',
    cure: 'Mend the receiver; the calls go on without being recorded.',
  },
} as const satisfies Record<string, CodeEntry>;
