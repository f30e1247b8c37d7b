/** Every application, one line each. */

import type { Application } from '../execution.ts';
import { answer } from './answer.ts';
import { breakApplication } from './break.ts';
import { conference } from './conference.ts';
import { displaceSession, stopDisplaceSession } from './displace.ts';
import { flushDtmf, queueDtmf, sendDtmf, spandspStartDtmf, spandspStopDtmf, startDtmf, stopDtmf } from './dtmf.ts';
import { echo } from './echo.ts';
import { hangup } from './hangup.ts';
import { setMute } from './mute.ts';
import { bindDigitAction, evaluate, info, log, preAnswer, ringReady, setAudioLevel } from './notes.ts';
import { park } from './park.ts';
import { playAndGetDigits } from './play-and-get-digits.ts';
import { playback } from './playback.ts';
import { read } from './read.ts';
import { record } from './record.ts';
import { recordSession, stopRecordSession } from './record-session.ts';
import { say } from './say.ts';
import { sleep } from './sleep.ts';
import { socket } from './socket.ts';
import { speak } from './speak.ts';
import { transfer } from './transfer.ts';
import { exportVariable, multiset, multiunset, set, unset } from './variables.ts';

const APPLICATIONS: readonly Application[] = [
  answer,
  bindDigitAction,
  breakApplication,
  conference,
  displaceSession,
  echo,
  evaluate,
  exportVariable,
  flushDtmf,
  hangup,
  info,
  log,
  multiset,
  multiunset,
  park,
  playAndGetDigits,
  playback,
  preAnswer,
  queueDtmf,
  read,
  record,
  recordSession,
  ringReady,
  say,
  sendDtmf,
  set,
  setAudioLevel,
  setMute,
  sleep,
  socket,
  spandspStartDtmf,
  spandspStopDtmf,
  speak,
  startDtmf,
  stopDisplaceSession,
  stopDtmf,
  stopRecordSession,
  transfer,
  unset,
];

export const applications: ReadonlyMap<string, Application> = new Map(APPLICATIONS.map((it) => [it.name, it]));
