import type { CallflowModule } from './module.ts';
import { answer } from './modules/answer.ts';
import { branchVariable } from './modules/branch-variable.ts';
import { callflow } from './modules/callflow.ts';
import { collectDtmf } from './modules/collect-dtmf.ts';
import { conference } from './modules/conference.ts';
import { deadAir } from './modules/dead-air.ts';
import { device } from './modules/device.ts';
import { dynamicCid } from './modules/dynamic-cid.ts';
import { flushDtmf } from './modules/flush-dtmf.ts';
import { hangup } from './modules/hangup.ts';
import { language } from './modules/language.ts';
import { noop } from './modules/noop.ts';
import { pivot } from './modules/pivot.ts';
import { play } from './modules/play.ts';
import { prependCid } from './modules/prepend-cid.ts';
import { privacy } from './modules/privacy.ts';
import { recordCall } from './modules/record-call.ts';
import { recordCaller } from './modules/record-caller.ts';
import { offnet, resources } from './modules/resources.ts';
import { response } from './modules/response.ts';
import { ringGroup } from './modules/ring-group.ts';
import { sendDtmf } from './modules/send-dtmf.ts';
import { setCid } from './modules/set-cid.ts';
import { setVariable } from './modules/set-variable.ts';
import { setVariables } from './modules/set-variables.ts';
import { sleep } from './modules/sleep.ts';
import { tts } from './modules/tts.ts';
import { user } from './modules/user.ts';
import { waitForHangup } from './modules/wait-for-hangup.ts';
import { webhook } from './modules/webhook.ts';

const MODULES: ReadonlyMap<string, CallflowModule> = new Map(
  [
    answer,
    branchVariable,
    callflow,
    collectDtmf,
    conference,
    deadAir,
    device,
    dynamicCid,
    flushDtmf,
    hangup,
    language,
    noop,
    offnet,
    pivot,
    play,
    prependCid,
    privacy,
    recordCall,
    recordCaller,
    resources,
    response,
    ringGroup,
    sendDtmf,
    setCid,
    setVariable,
    setVariables,
    sleep,
    tts,
    user,
    waitForHangup,
    webhook,
  ].map((module) => [module.name, module]),
);

/** Modules that this version runs; every other module of the contract validates and is skipped with a warning. */
export const RUN_MODULES: readonly string[] = [...MODULES.keys()];

export function moduleNamed(name: string): CallflowModule | undefined {
  return MODULES.get(name);
}

/** Whether a module's name may stand in a span's name: names from outside would make the number of span names unbounded. */
export function isStarted(name: string): boolean {
  return MODULES.has(name);
}
