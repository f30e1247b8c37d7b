import { describe, it } from 'node:test';
import { replay } from './replay.ts';

/** Each is a trimmed copy of a recorded exchange with FreeSWITCH 1.10.12 (`spec/wire/`). */
const TRANSCRIPTS = [
  '31-playback',
  '31c-playback-terminators',
  '33-play-and-get-digits',
  '33b-play-and-get-digits-fresh',
  '34-dtmf',
  '35b-record-unwritable',
  '36-bridge',
  '37-conference',
  '37c-conference-endconf',
  '38-caller-bye-during-playback',
  '39-hangup',
  '41-variables-and-apis',
  '42-bad-commands',
  '42b-bad-arguments',
];

describe('a recorded exchange comes out the same', { concurrency: true }, () => {
  for (const name of TRANSCRIPTS) it(name, { timeout: 60_000 }, () => replay(name));
});
