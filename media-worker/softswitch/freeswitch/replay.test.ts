import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openCatalogue } from './replay/catalogue.ts';
import { replay } from './replay/replay.ts';

const catalogue = await openCatalogue();

/** Each is a trimmed copy of a recorded exchange with FreeSWITCH 1.10.12 (`spec/wire/`); what was left out or changed stands beside it. */
const TRANSCRIPTS: readonly (readonly [name: string, differences?: string])[] = [
  ['20-esl-auth'],
  ['21-mrf-connect-api-heartbeat', 'without strftime and expand'],
  ['22-esl-unknown-commands', 'without originate and the usage of conference'],
  ['23-event-plain-all', 'without PRIVATE_COMMAND'],
  ['30-outbound-connect'],
  ['31-playback'],
  ['31b-playback-http', 'fetched each time: no cache'],
  ['31c-playback-terminators'],
  ['32-speak-say', 'no speech: speak completes at once; say plays nothing where FreeSWITCH’s sounds are not installed'],
  ['33-play-and-get-digits'],
  ['33b-play-and-get-digits-fresh'],
  ['34-dtmf'],
  ['35-record'],
  ['35b-record-unwritable'],
  ['36-bridge'],
  ['37-conference'],
  [
    '37b-create-conference',
    'without the sound of entering and what follows destroy, which never ends on a stock FreeSWITCH',
  ],
  ['37c-conference-endconf'],
  ['37d-create-conference-patched', 'without the sound of entering; events of the end come before the notice'],
  ['38-caller-bye-during-playback'],
  ['39-hangup'],
  ['40-create-endpoint-3pcc'],
  ['41-variables-and-apis'],
  ['42-bad-commands'],
  ['42b-bad-arguments'],
  ['43-http-cache-shout', 'http_cache:// without a cache or its apis'],
];

describe('a recorded exchange comes out the same', { concurrency: true }, () => {
  for (const [name, differences] of TRANSCRIPTS) {
    it(differences === undefined ? name : `${name} (${differences})`, { timeout: 30_000 }, () =>
      replay(name, catalogue),
    );
  }
});

/** Caller identity that only channels have which FreeSWITCH dials itself, or transfers; the stand-in does neither. */
const DIALLED = [
  'Caller-Caller-ID-Number',
  'Caller-Orig-Caller-ID-Number',
  'Caller-Callee-ID-Name',
  'Caller-Callee-ID-Number',
  'Caller-ANI',
  'Caller-RDNIS',
  'Caller-Transfer-Source',
  'Other-Leg-Callee-ID-Name',
];

it('every kind of event has the headers of 90-event-catalog, in their order', () => {
  for (const [kind, names] of Object.entries(catalogue.missing())) {
    // That of the catalogue is of a channel that was bridged before.
    const others = kind === 'CHANNEL_UNPARK' ? names.filter((name) => !name.startsWith('Other-')) : names;
    assert.deepEqual(
      others.filter((name) => !DIALLED.includes(name)),
      [],
      kind,
    );
  }
  // The stand-in dials nobody, and the callers of the replays say nothing.
  assert.deepEqual(catalogue.unseen(), [
    'CHANNEL_ORIGINATE',
    'CHANNEL_OUTGOING',
    'CUSTOM/conference::maintenance/start-talking',
    'CUSTOM/conference::maintenance/stop-talking',
  ]);
});
