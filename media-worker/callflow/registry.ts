import type { CallflowModule } from './module.ts';
import { answer } from './modules/answer.ts';
import { branchVariable } from './modules/branch-variable.ts';
import { callflow } from './modules/callflow.ts';
import { collectDtmf } from './modules/collect-dtmf.ts';
import { deadAir } from './modules/dead-air.ts';
import { flushDtmf } from './modules/flush-dtmf.ts';
import { hangup } from './modules/hangup.ts';
import { language } from './modules/language.ts';
import { noop } from './modules/noop.ts';
import { pivot } from './modules/pivot.ts';
import { play } from './modules/play.ts';
import { response } from './modules/response.ts';
import { sendDtmf } from './modules/send-dtmf.ts';
import { setVariable } from './modules/set-variable.ts';
import { setVariables } from './modules/set-variables.ts';
import { sleep } from './modules/sleep.ts';
import { tts } from './modules/tts.ts';
import { waitForHangup } from './modules/wait-for-hangup.ts';
import { webhook } from './modules/webhook.ts';

const MODULES: ReadonlyMap<string, CallflowModule> = new Map(
  [
    answer,
    branchVariable,
    callflow,
    collectDtmf,
    deadAir,
    flushDtmf,
    hangup,
    language,
    noop,
    pivot,
    play,
    response,
    sendDtmf,
    setVariable,
    setVariables,
    sleep,
    tts,
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
