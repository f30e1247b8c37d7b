import type { ModuleSchema } from './schema.ts';
import { acdcAgent } from './schemas/acdc-agent.ts';
import { acdcMember } from './schemas/acdc-member.ts';
import { acdcQueue } from './schemas/acdc-queue.ts';
import { acdcWaitTime } from './schemas/acdc-wait-time.ts';
import { afterBridge } from './schemas/after-bridge.ts';
import { answer } from './schemas/answer.ts';
import { audioMacro } from './schemas/audio-macro.ts';
import { branchBnumber } from './schemas/branch-bnumber.ts';
import { branchVariable } from './schemas/branch-variable.ts';
import { callForward } from './schemas/call-forward.ts';
import { callWaiting } from './schemas/call-waiting.ts';
import { callflow } from './schemas/callflow.ts';
import { campingFeature } from './schemas/camping-feature.ts';
import { checkCid } from './schemas/check-cid.ts';
import { cidlistmatch } from './schemas/cidlistmatch.ts';
import { collectDtmf } from './schemas/collect-dtmf.ts';
import { conference } from './schemas/conference.ts';
import { conferenceFeature } from './schemas/conference-feature.ts';
import { deadAir } from './schemas/dead-air.ts';
import { device } from './schemas/device.ts';
import { directory } from './schemas/directory.ts';
import { disa } from './schemas/disa.ts';
import { doNotDisturb } from './schemas/do-not-disturb.ts';
import { dynamicCid } from './schemas/dynamic-cid.ts';
import { eavesdrop } from './schemas/eavesdrop.ts';
import { eavesdropFeature } from './schemas/eavesdrop-feature.ts';
import { edr } from './schemas/edr.ts';
import { faxDetect } from './schemas/fax-detect.ts';
import { faxbox } from './schemas/faxbox.ts';
import { flushDtmf } from './schemas/flush-dtmf.ts';
import { functionModule } from './schemas/function.ts';
import { group } from './schemas/group.ts';
import { groupPickup } from './schemas/group-pickup.ts';
import { groupPickupFeature } from './schemas/group-pickup-feature.ts';
import { hangup } from './schemas/hangup.ts';
import { hotdesk } from './schemas/hotdesk.ts';
import { intercept } from './schemas/intercept.ts';
import { interceptFeature } from './schemas/intercept-feature.ts';
import { intercom } from './schemas/intercom.ts';
import { language } from './schemas/language.ts';
import { lookupcidname } from './schemas/lookupcidname.ts';
import { manualPresence } from './schemas/manual-presence.ts';
import { menu } from './schemas/menu.ts';
import { missedCallAlert } from './schemas/missed-call-alert.ts';
import { move } from './schemas/move.ts';
import { nomorobo } from './schemas/nomorobo.ts';
import { noop } from './schemas/noop.ts';
import { notification } from './schemas/notification.ts';
import { offnet } from './schemas/offnet.ts';
import { pageGroup } from './schemas/page-group.ts';
import { park } from './schemas/park.ts';
import { pivot } from './schemas/pivot.ts';
import { play } from './schemas/play.ts';
import { prependCid } from './schemas/prepend-cid.ts';
import { privacy } from './schemas/privacy.ts';
import { receiveFax } from './schemas/receive-fax.ts';
import { recordCall } from './schemas/record-call.ts';
import { recordCaller } from './schemas/record-caller.ts';
import { resources } from './schemas/resources.ts';
import { response } from './schemas/response.ts';
import { ringGroup } from './schemas/ring-group.ts';
import { ringGroupToggle } from './schemas/ring-group-toggle.ts';
import { routeToCid } from './schemas/route-to-cid.ts';
import { sendDtmf } from './schemas/send-dtmf.ts';
import { set } from './schemas/set.ts';
import { setAlertInfo } from './schemas/set-alert-info.ts';
import { setCid } from './schemas/set-cid.ts';
import { setVariable } from './schemas/set-variable.ts';
import { setVariables } from './schemas/set-variables.ts';
import { skel } from './schemas/skel.ts';
import { sleep } from './schemas/sleep.ts';
import { temporalRoute } from './schemas/temporal-route.ts';
import { transfer } from './schemas/transfer.ts';
import { tts } from './schemas/tts.ts';
import { user } from './schemas/user.ts';
import { voicemail } from './schemas/voicemail.ts';
import { waitForHangup } from './schemas/wait-for-hangup.ts';
import { webhook } from './schemas/webhook.ts';

const ALL: readonly ModuleSchema[] = [
  acdcAgent,
  acdcMember,
  acdcQueue,
  acdcWaitTime,
  afterBridge,
  answer,
  audioMacro,
  branchBnumber,
  branchVariable,
  callForward,
  callWaiting,
  callflow,
  campingFeature,
  checkCid,
  cidlistmatch,
  collectDtmf,
  conference,
  conferenceFeature,
  deadAir,
  device,
  directory,
  disa,
  doNotDisturb,
  dynamicCid,
  eavesdrop,
  eavesdropFeature,
  edr,
  faxDetect,
  faxbox,
  flushDtmf,
  functionModule,
  group,
  groupPickup,
  groupPickupFeature,
  hangup,
  hotdesk,
  intercept,
  interceptFeature,
  intercom,
  language,
  lookupcidname,
  manualPresence,
  menu,
  missedCallAlert,
  move,
  nomorobo,
  noop,
  notification,
  offnet,
  pageGroup,
  park,
  pivot,
  play,
  prependCid,
  privacy,
  receiveFax,
  recordCall,
  recordCaller,
  resources,
  response,
  ringGroup,
  ringGroupToggle,
  routeToCid,
  sendDtmf,
  set,
  setAlertInfo,
  setCid,
  setVariable,
  setVariables,
  skel,
  sleep,
  temporalRoute,
  transfer,
  tts,
  user,
  voicemail,
  waitForHangup,
  webhook,
];

/** Every module of Callflow JSON, by name: those of Kazoo's callflow application and the four of its queue application. */
const BY_NAME: ReadonlyMap<string, ModuleSchema> = new Map(ALL.map((schema) => [schema.module, schema]));

/** Names that people write for a module (spec pivot-behaviour 6.2). */
export const MODULE_ALIASES: Readonly<Record<string, string>> = { say: 'tts', resource: 'resources' };

/** All modules, sorted by name. */
export const moduleSchemas: readonly ModuleSchema[] = ALL;

/** The schema of a module by its name or alias. Its `module` is the canonical name. */
export function canonicalModule(name: string): ModuleSchema | undefined {
  return BY_NAME.get(name) ?? (Object.hasOwn(MODULE_ALIASES, name) ? BY_NAME.get(MODULE_ALIASES[name]!) : undefined);
}

/** The names of all modules, without aliases. */
export function moduleNames(): Iterable<string> {
  return BY_NAME.keys();
}
