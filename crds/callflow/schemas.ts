import type { ModuleSchema } from './schema.ts';
import { acdcAgent } from './schemas/acdc_agent.ts';
import { acdcMember } from './schemas/acdc_member.ts';
import { acdcQueue } from './schemas/acdc_queue.ts';
import { acdcWaitTime } from './schemas/acdc_wait_time.ts';
import { afterBridge } from './schemas/after_bridge.ts';
import { answer } from './schemas/answer.ts';
import { audioMacro } from './schemas/audio_macro.ts';
import { branchBnumber } from './schemas/branch_bnumber.ts';
import { branchVariable } from './schemas/branch_variable.ts';
import { callForward } from './schemas/call_forward.ts';
import { callWaiting } from './schemas/call_waiting.ts';
import { callflow } from './schemas/callflow.ts';
import { campingFeature } from './schemas/camping_feature.ts';
import { checkCid } from './schemas/check_cid.ts';
import { cidlistmatch } from './schemas/cidlistmatch.ts';
import { collectDtmf } from './schemas/collect_dtmf.ts';
import { conference } from './schemas/conference.ts';
import { conferenceFeature } from './schemas/conference_feature.ts';
import { deadAir } from './schemas/dead_air.ts';
import { device } from './schemas/device.ts';
import { directory } from './schemas/directory.ts';
import { disa } from './schemas/disa.ts';
import { doNotDisturb } from './schemas/do_not_disturb.ts';
import { dynamicCid } from './schemas/dynamic_cid.ts';
import { eavesdrop } from './schemas/eavesdrop.ts';
import { eavesdropFeature } from './schemas/eavesdrop_feature.ts';
import { edr } from './schemas/edr.ts';
import { faxDetect } from './schemas/fax_detect.ts';
import { faxbox } from './schemas/faxbox.ts';
import { flushDtmf } from './schemas/flush_dtmf.ts';
import { functionModule } from './schemas/function.ts';
import { group } from './schemas/group.ts';
import { groupPickup } from './schemas/group_pickup.ts';
import { groupPickupFeature } from './schemas/group_pickup_feature.ts';
import { hangup } from './schemas/hangup.ts';
import { hotdesk } from './schemas/hotdesk.ts';
import { intercept } from './schemas/intercept.ts';
import { interceptFeature } from './schemas/intercept_feature.ts';
import { intercom } from './schemas/intercom.ts';
import { language } from './schemas/language.ts';
import { lookupcidname } from './schemas/lookupcidname.ts';
import { manualPresence } from './schemas/manual_presence.ts';
import { menu } from './schemas/menu.ts';
import { missedCallAlert } from './schemas/missed_call_alert.ts';
import { move } from './schemas/move.ts';
import { nomorobo } from './schemas/nomorobo.ts';
import { noop } from './schemas/noop.ts';
import { notification } from './schemas/notification.ts';
import { offnet } from './schemas/offnet.ts';
import { pageGroup } from './schemas/page_group.ts';
import { park } from './schemas/park.ts';
import { pivot } from './schemas/pivot.ts';
import { play } from './schemas/play.ts';
import { prependCid } from './schemas/prepend_cid.ts';
import { privacy } from './schemas/privacy.ts';
import { receiveFax } from './schemas/receive_fax.ts';
import { recordCall } from './schemas/record_call.ts';
import { recordCaller } from './schemas/record_caller.ts';
import { resources } from './schemas/resources.ts';
import { response } from './schemas/response.ts';
import { ringGroup } from './schemas/ring_group.ts';
import { ringGroupToggle } from './schemas/ring_group_toggle.ts';
import { routeToCid } from './schemas/route_to_cid.ts';
import { sendDtmf } from './schemas/send_dtmf.ts';
import { set } from './schemas/set.ts';
import { setAlertInfo } from './schemas/set_alert_info.ts';
import { setCid } from './schemas/set_cid.ts';
import { setVariable } from './schemas/set_variable.ts';
import { setVariables } from './schemas/set_variables.ts';
import { skel } from './schemas/skel.ts';
import { sleep } from './schemas/sleep.ts';
import { temporalRoute } from './schemas/temporal_route.ts';
import { transfer } from './schemas/transfer.ts';
import { tts } from './schemas/tts.ts';
import { user } from './schemas/user.ts';
import { voicemail } from './schemas/voicemail.ts';
import { waitForHangup } from './schemas/wait_for_hangup.ts';
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
