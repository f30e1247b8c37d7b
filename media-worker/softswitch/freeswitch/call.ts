/** A SIP call to the stand-in: answers it, keeps its media and variables up to date, ends it; the dialplan runs in between (30, 40). */

import { type LocalMedia, makeOffer, type ReadOffer, readAnswer, readOffer } from '../rtp/sdp.ts';
import type { RemoteMedia } from '../rtp/types.ts';
import { digitOfInfo } from '../sip/info-digits.ts';
import type { Dialog, DialogEnd, IncomingCall, SipMessage } from '../sip/types.ts';
import { Channel } from './channel.ts';
import { type Core, microseconds, PROFILE } from './core.ts';
import { sipVariables } from './sip-variables.ts';
import { beginSession } from './statistics.ts';

/** Headers that FreeSWITCH adds to its 200 (30). */
const ANSWER_HEADERS = {
  Accept: 'application/sdp',
  Allow: 'INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REFER, NOTIFY',
  Supported: 'path, replaces',
  'Content-Disposition': 'session',
};

function header(message: SipMessage, name: string): string | undefined {
  return message.headers.get(name)?.[0];
}

export function takeCall(core: Core, call: IncomingCall): void {
  core.track(take(core, call), 'taking a call');
}

async function take(core: Core, call: IncomingCall): Promise<void> {
  const { invite } = call;
  const application = header(invite, 'x-esl-outbound');
  // The dialplan has one extension: calls that drachtio-fsmrf makes.
  if (application === undefined || !/^drachtio-fsmrf:/.test(header(invite, 'user-agent') ?? '')) {
    return call.reject(404, 'Not Found', { Reason: 'Q.850;cause=3;text="NO_ROUTE_DESTINATION"' });
  }
  if (core.channels.size >= core.maxSessions) return call.reject(503, 'Maximum Calls In Progress');
  const offered = invite.body.trim() === '' ? undefined : readOffer(invite.body);
  if (offered !== undefined && 'code' in offered) return call.reject(488, 'Not Acceptable Here');
  const channel = await createChannel(core, call);
  if (channel === undefined) return;
  const local = localMedia(channel, offered?.remote.address ?? '');
  if (offered === undefined) await takeWithoutOffer(channel, call, local);
  else takeOffer(channel, call, local, offered);
  if (channel.ended) return;
  const ran = await channel.execution.runAll([
    { app: 'answer', args: '' },
    { app: 'set', args: 'send_silence_when_idle=-1' },
    { app: 'set', args: 'hangup_after_bridge=false' },
    { app: 'set', args: 'park_after_bridge=true' },
    { app: 'set', args: 'playback_terminators=none' },
    { app: 'socket', args: `${application.trim()} async full` },
  ]);
  if (ran) channel.hangup('NORMAL_CLEARING', { side: 'local' });
}

async function createChannel(core: Core, call: IncomingCall): Promise<Channel | undefined> {
  const { invite } = call;
  let rtp: Channel['rtp'];
  try {
    rtp = await core.rtp.open();
  } catch (error) {
    core.log('warn', 'no media for a call', { error: String(error) });
    call.reject(503, 'Service Unavailable');
    return undefined;
  }
  if (call.cancelled.aborted) {
    rtp.close();
    return undefined;
  }
  const from = `${/^sip:([^@>;]+)@/.exec(invite.uri ?? '')?.[1] ?? 'nobody'}`;
  const channel = new Channel({
    core,
    rtp,
    number: beginSession(core),
    name: `sofia/${PROFILE}/nobody@${call.sourceAddress}:${call.sourcePort}`,
    networkAddress: call.sourceAddress,
    destination: from,
  });
  core.channels.set(channel.uuid, channel);
  for (const [name, value] of sipVariables(channel, call)) channel.setVariable(name, value);
  channel.setState('CS_NEW');
  channel.setState('CS_INIT');
  channel.announce('CHANNEL_CREATE', true);
  channel.state = 'CS_ROUTING';
  channel.setCallState('RINGING');
  channel.setState('CS_ROUTING');
  channel.setState('CS_EXECUTE');
  return channel;
}

/** Session id and version as FreeSWITCH makes them: from the clock and the port. */
function localMedia(channel: Channel, peer: string): LocalMedia {
  const sessionId = Math.floor(Date.now() / 1000) - channel.rtp.localPort;
  return {
    address: channel.rtp.addressFor(peer),
    port: channel.rtp.localPort,
    name: 'FreeSWITCH',
    sessionId,
    sessionVersion: sessionId + 1,
    sendrecvImplied: true,
  };
}

/**
 * Writes a description for the far end; `rtp_local_sdp_str`, which drachtio-fsmrf sends to the caller, has its `a=sendrecv` spelled
 * out.
 */
function describe(channel: Channel, local: LocalMedia, write: (local: LocalMedia) => string): string {
  channel.setVariable('rtp_local_sdp_str', write({ ...local, sendrecvImplied: false }));
  return write(local);
}

function takeOffer(channel: Channel, call: IncomingCall, local: LocalMedia, offered: ReadOffer): void {
  channel.answer = () => {
    setMedia(channel, offered.remote, call.invite.body);
    accept(channel, call, local, describe(channel, local, offered.answer));
    if (!channel.ended) announceAnswer(channel);
  };
}

/** 3pcc: the 200 carries the offer, and the dialplan runs once the ACK has brought the answer. */
async function takeWithoutOffer(channel: Channel, call: IncomingCall, local: LocalMedia): Promise<void> {
  const sdp = describe(channel, local, makeOffer);
  channel.answer = () => announceAnswer(channel);
  // Until somebody is there to send to, playbacks take their time all the same.
  channel.rtp.setRemote({ address: local.address, port: 0, codec: 'PCMU', payloadType: 0, direction: 'inactive' });
  const { acknowledged } = accept(channel, call, local, sdp);
  try {
    await acknowledged;
  } catch {
    // `accept` has hung up.
  }
}

function accept(
  channel: Channel,
  call: IncomingCall,
  local: LocalMedia,
  sdp: string,
): { readonly acknowledged: Promise<unknown> } {
  if (call.cancelled.aborted) {
    channel.hangup('ORIGINATOR_CANCEL', { side: 'remote' });
    return { acknowledged: Promise.resolve() };
  }
  const identity = `"${channel.destination}" <sip:${channel.destination}@${local.address}>`;
  const { dialog, acknowledged } = call.accept(sdp, {
    ...ANSWER_HEADERS,
    'Remote-Party-ID': `${identity};party=calling;privacy=off;screen=no`,
  });
  acknowledged.catch((error: unknown) => {
    channel.core.log('warn', 'the answer was not acknowledged', { uuid: channel.uuid, error: String(error) });
    channel.hangup('RECOVERY_ON_TIMER_EXPIRE', { side: 'local' });
  });
  watch(channel, dialog, local);
  return { acknowledged };
}

function watch(channel: Channel, dialog: Dialog, local: LocalMedia): void {
  channel.dialog = dialog;
  channel.setVariable('sip_to_tag', dialog.localTag);
  channel.setVariable('sip_from_tag', dialog.remoteTag);
  channel.setVariable('sip_cseq', header(dialog.initial, 'cseq')?.split(' ')[0]);
  channel.setVariable('sip_call_id', dialog.callId);
  channel.setVariable('sip_full_via', header(dialog.initial, 'via'));
  channel.setVariable('sip_full_from', header(dialog.initial, 'from'));
  channel.setVariable('sip_full_to', `${header(dialog.initial, 'to') ?? ''};tag=${dialog.localTag}`);
  let sessionVersion = local.sessionVersion ?? 0;
  const next = (): LocalMedia => {
    sessionVersion += 1;
    return { ...local, sessionVersion };
  };
  dialog.onAckSdp = (sdp) => {
    const remote = readAnswer(sdp);
    if (!('code' in remote)) setMedia(channel, withoutEcho(remote, local), sdp);
  };
  dialog.onReinvite = (sdp) => {
    if (sdp.trim() === '') return describe(channel, next(), makeOffer);
    const offered = readOffer(sdp);
    // Nothing in common: the session stays as it is (RFC 3261 section 14.2).
    if ('code' in offered) return dialog.localSdp;
    setMedia(channel, offered.remote, sdp);
    const answer = describe(channel, next(), offered.answer);
    hold(channel, offered.remote);
    return answer;
  };
  dialog.onInfo = (contentType, body) => {
    const digit = digitOfInfo(contentType, body);
    if (digit !== undefined) channel.receiveDigit(digit);
  };
  const ended = (): void => {
    const end = dialog.ended.reason as DialogEnd | undefined;
    channel.dialogEnded(end?.message === undefined ? undefined : header(end.message, 'reason'));
  };
  if (dialog.ended.aborted) ended();
  else dialog.ended.addEventListener('abort', ended, { once: true });
}

/** drachtio-srf acknowledges an offer it has no answer for with that offer itself: there is nobody to send to yet (40). */
function withoutEcho(remote: RemoteMedia, local: LocalMedia): RemoteMedia {
  if (remote.port !== local.port || remote.address !== local.address) return remote;
  return { ...remote, port: 0, direction: 'inactive' };
}

function setMedia(channel: Channel, remote: RemoteMedia, sdp: string): void {
  const { rtp } = channel;
  const flow = remote.direction;
  channel.codec = remote.codec;
  const variables: Readonly<Record<string, string>> = {
    switch_r_sdp: sdp,
    ep_codec_string: `CORE_PCM_MODULE.${remote.codec}@8000h@20i@64000b`,
    rtp_use_codec_string: 'PCMU,PCMA,OPUS,G722',
    remote_video_media_flow: 'inactive',
    remote_text_media_flow: 'inactive',
    remote_audio_media_flow: flow,
    audio_media_flow: flow,
    rtp_audio_recv_pt: String(remote.payloadType),
    rtp_use_codec_name: remote.codec,
    rtp_use_codec_rate: '8000',
    rtp_use_codec_ptime: '20',
    rtp_use_codec_channels: '1',
    rtp_last_audio_codec_string: `${remote.codec}@8000h@20i@1c`,
    read_codec: remote.codec,
    original_read_codec: remote.codec,
    read_rate: '8000',
    original_read_rate: '8000',
    write_codec: remote.codec,
    write_rate: '8000',
    dtmf_type: remote.eventPayloadType === undefined ? 'info' : 'rfc2833',
    local_media_ip: rtp.addressFor(remote.address),
    local_media_port: String(rtp.localPort),
    advertised_media_ip: rtp.addressFor(remote.address),
    rtp_use_timer_name: 'soft',
    rtp_use_pt: String(remote.payloadType),
    rtp_2833_send_payload: String(remote.eventPayloadType ?? 101),
    rtp_2833_recv_payload: String(remote.eventPayloadType ?? 101),
    remote_media_ip: remote.address,
    remote_media_port: String(remote.port),
  };
  for (const [name, value] of Object.entries(variables)) channel.setVariable(name, value);
  rtp.setRemote(remote);
}

function announceAnswer(channel: Channel): void {
  channel.times.answered = microseconds();
  // One for what is heard, one for what is sent.
  channel.announce('CODEC', false);
  channel.announce('CODEC', false);
  channel.answerState = 'early';
  channel.announce('CHANNEL_PROGRESS_MEDIA', true);
  channel.setCallState('EARLY');
  channel.answerState = 'answered';
  channel.setVariable('endpoint_disposition', 'ANSWER');
  channel.announce('CHANNEL_ANSWER', true);
  channel.setCallState('ACTIVE');
}

/** Hold by re-INVITE: `sendonly` and `inactive` (RFC 3264 section 8.4). */
function hold(channel: Channel, { direction }: RemoteMedia): void {
  const held = direction === 'sendonly' || direction === 'inactive';
  if (held === (channel.callState === 'HELD')) return;
  if (held) {
    channel.times.lastHold = microseconds();
    channel.announce('CHANNEL_HOLD', true);
    channel.setCallState('HELD');
  } else {
    channel.setCallState('UNHELD');
    channel.announce('CHANNEL_UNHOLD', true);
  }
}
