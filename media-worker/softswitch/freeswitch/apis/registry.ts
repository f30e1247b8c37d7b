/** Every api command, one line each. */

import type { Core } from '../core.ts';
import {
  hupall,
  uuidAnswer,
  uuidBreak,
  uuidBridge,
  uuidExists,
  uuidHold,
  uuidKill,
  uuidPark,
  uuidTransfer,
} from './channels.ts';
import { conference } from './conference.ts';
import {
  createUuid,
  echo,
  evaluate,
  fsctl,
  globalGetvar,
  globalSetvar,
  hostname,
  moduleExists,
  reloadxml,
  show,
  sofia,
  status,
  uptime,
  version,
} from './server.ts';
import {
  uuidAudio,
  uuidBuglist,
  uuidCodecParam,
  uuidDisplace,
  uuidRecord,
  uuidRecvDtmf,
  uuidSendDtmf,
} from './sound.ts';
import type { Api } from './types.ts';
import { uuidDump, uuidGetvar, uuidSetMediaStats, uuidSetvar, uuidSetvarMulti } from './variables.ts';

const APIS: readonly Api[] = [
  conference,
  createUuid,
  echo,
  evaluate,
  fsctl,
  globalGetvar,
  globalSetvar,
  hostname,
  hupall,
  moduleExists,
  reloadxml,
  show,
  sofia,
  status,
  uptime,
  uuidAnswer,
  uuidAudio,
  uuidBreak,
  uuidBridge,
  uuidBuglist,
  uuidCodecParam,
  uuidDisplace,
  uuidDump,
  uuidExists,
  uuidGetvar,
  uuidHold,
  uuidKill,
  uuidPark,
  uuidRecord,
  uuidRecvDtmf,
  uuidSendDtmf,
  uuidSetMediaStats,
  uuidSetvar,
  uuidSetvarMulti,
  uuidTransfer,
  version,
];

const byName: ReadonlyMap<string, Api> = new Map(APIS.map((api) => [api.name, api]));

/** The output of a command; an unknown one says so in FreeSWITCH's words. Never rejects. */
export async function runApi(core: Core, name: string, args: string): Promise<string> {
  const api = byName.get(name.toLowerCase());
  if (api === undefined) return `-ERR ${name} Command not found!\n`;
  try {
    return await api.run(core, args);
  } catch (error) {
    core.log('error', `api ${name} failed`, { error: String(error) });
    return '-ERR Operation Failed\n';
  }
}
