import { admissionCodes } from './admission.ts';
import { callflowCodes } from './callflow.ts';
import { cliCodes } from './cli.ts';
import { debugCodes } from './debug.ts';
import { dialCodes } from './dial.ts';
import { engineCodes } from './engine.ts';
import type { CodeEntry } from './fault.ts';
import { kubeCodes } from './kube.ts';
import { manifestCodes } from './manifest.ts';
import { mediaCodes } from './media.ts';
import { recordingCodes } from './recording.ts';
import { referCodes } from './refer.ts';
import { roomCodes } from './rooms.ts';
import { routingCodes } from './routing.ts';
import { softswitchCodes } from './softswitch.ts';
import { storeCodes } from './store.ts';
import { streamCodes } from './stream.ts';
import { traceCodes } from './traces.ts';
import { twimlCodes } from './twiml.ts';
import { webhookCodes } from './webhook.ts';

/** One area of the product: all its codes begin with the same two digits. */
export interface Area {
  readonly digits: string;
  readonly title: string;
  readonly entries: readonly CodeEntry[];
}

/** Every code there is, by area. `docs/errors.md` is made of it. */
export const catalogue: readonly Area[] = [
  { digits: '10', title: 'Manifests and resources', entries: Object.values(manifestCodes) },
  { digits: '11', title: 'Callflow JSON', entries: Object.values(callflowCodes) },
  { digits: '12', title: 'Webhook exchanges', entries: Object.values(webhookCodes) },
  { digits: '13', title: 'TwiML', entries: Object.values(twimlCodes) },
  { digits: '14', title: 'Admission, routing and signalling', entries: Object.values(routingCodes) },
  { digits: '15', title: 'Sound', entries: Object.values(mediaCodes) },
  { digits: '16', title: 'Running callflows', entries: Object.values(engineCodes) },
  { digits: '17', title: 'Softswitch', entries: Object.values(softswitchCodes) },
  { digits: '18', title: 'The pivot command', entries: Object.values(cliCodes) },
  { digits: '19', title: 'Recordings', entries: Object.values(recordingCodes) },
  { digits: '20', title: 'The Kubernetes API', entries: Object.values(kubeCodes) },
  { digits: '21', title: "The routing table's way to the workers", entries: Object.values(streamCodes) },
  { digits: '22', title: 'The debug API and the Live Debug page', entries: Object.values(debugCodes) },
  { digits: '23', title: 'What workers share', entries: Object.values(storeCodes) },
  { digits: '24', title: 'Conferences and queues', entries: Object.values(roomCodes) },
  { digits: '25', title: 'Calls out', entries: Object.values(dialCodes) },
  { digits: '26', title: 'Who may call, and registrations', entries: Object.values(admissionCodes) },
  {
    digits: '27',
    title: 'Transfers, and where traces go',
    entries: [...Object.values(referCodes), ...Object.values(traceCodes)],
  },
];
