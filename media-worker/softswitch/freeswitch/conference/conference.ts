/** A conference: its members, its mix, its files and recordings, its events (37, 37b to 37d). */

import { randomUUID } from 'node:crypto';
import type { Fault } from '../../../../crds/errors/fault.ts';
import { openRecorder, type Recorder } from '../../audio/recorder.ts';
import { clip } from '../../audio/samples.ts';
import type { ClockMember } from '../../rtp/clock.ts';
import type { Frame } from '../../rtp/types.ts';
import type { Channel } from '../channel.ts';
import type { Core } from '../core.ts';
import type { Header } from '../event.ts';
import type { ApplicationContext } from '../execution.ts';
import { openSound } from '../sounds.ts';
import { type Leaving, Member, type MemberFlags } from './member.ts';
import { type Playing, PlayQueue } from './play-queue.ts';

const SUBCLASS = 'conference::maintenance';

interface ConferenceRecording {
  readonly file: Recorder;
  paused: boolean;
}

export class Conference implements ClockMember {
  readonly core: Core;
  readonly name: string;
  readonly profile: string;
  readonly pin: string;
  readonly uuid: string = randomUUID();
  readonly startedAt = Date.now();
  /** Newest last. */
  readonly members = new Map<number, Member>();
  readonly recordings = new Map<string, ConferenceRecording>();
  readonly files: PlayQueue;
  readonly #abort = new AbortController();
  locked = false;
  maxMembers = 0;
  floor: Member | undefined;
  readonly #total = new Int32Array(160);
  readonly #mix: Frame = new Int16Array(160);

  constructor(core: Core, name: string, profile: string, pin: string) {
    this.core = core;
    this.name = name;
    this.profile = profile;
    this.pin = pin;
    this.files = new PlayQueue((playing) => this.#fileDone(playing, undefined));
    core.conferences.set(name, this);
    core.rtp.clock.add(this);
  }

  /** One round of 20 ms: takes what every member gave since the last one. */
  tick(): void {
    this.#total.fill(0);
    this.#mix.fill(0);
    this.files.mixInto(this.#mix);
    for (let i = 0; i < 160; i += 1) this.#total[i] = this.#mix[i] ?? 0;
    for (const member of this.members.values()) {
      member.contribute();
      const { given } = member;
      for (let i = 0; i < 160; i += 1) this.#total[i] = (this.#total[i] ?? 0) + (given[i] ?? 0);
      this.#listenFor(member);
    }
    this.#record();
  }

  #listenFor(member: Member): void {
    const change = member.flags.mute ? member.talk.stop() : member.talk.hear(member.given);
    if (change === undefined) return;
    this.fireMember(member, change === 'start' ? 'start-talking' : 'stop-talking');
    if (change === 'stop') {
      member.lastTalkedAt = Date.now();
      return;
    }
    if (this.floor?.talk.talking !== true) this.#setFloor(member);
  }

  #record(): void {
    if (this.recordings.size === 0) return;
    for (let i = 0; i < 160; i += 1) this.#mix[i] = clip(this.#total[i] ?? 0);
    for (const recording of this.recordings.values()) if (!recording.paused) recording.file.write(this.#mix);
  }

  mixWithout(member: Member, frame: Frame): void {
    for (let i = 0; i < frame.length; i += 1) frame[i] = clip((this.#total[i] ?? 0) - (member.given[i] ?? 0));
  }

  /** Joins a channel for as long as it stays. Resolves with why it left, when its application has its turn again. */
  async stay(context: ApplicationContext, flags: MemberFlags): Promise<Leaving> {
    const { channel } = context;
    let left: Leaving = { kind: 'end' };
    // A channel that comes back keeps its number (37).
    channel.memberId ??= ++this.core.counters.conferenceMembers;
    const member = new Member(channel.memberId, channel, this, flags, (how) => {
      left = how;
      context.stop();
    });
    this.members.set(member.id, member);
    channel.conference = this;
    channel.listen(member);
    this.fireMember(member, 'add-member');
    if (this.floor === undefined) this.#setFloor(member);
    try {
      await context.play(member);
    } finally {
      channel.unlisten(member);
      this.#remove(member);
      await context.turn();
    }
    return left;
  }

  #remove(member: Member): void {
    this.members.delete(member.id);
    if (member.talk.stop() !== undefined) this.fireMember(member, 'stop-talking');
    if (this.floor === member) this.#setFloor(undefined);
    this.fireMember(member, 'del-member');
    member.channel.conference = undefined;
    member.close();
    const others = [...this.members.values()];
    if (member.flags.endconf && !others.some((other) => other.flags.endconf)) {
      for (const other of others) other.channel.hangup('NORMAL_CLEARING', { side: 'abrupt' });
    }
    if (others.length === 0) this.#destroy();
  }

  #destroy(): void {
    this.#abort.abort();
    this.core.rtp.clock.remove(this);
    this.files.close();
    for (const path of [...this.recordings.keys()]) this.core.track(this.stopRecording(path), `recording ${path}`);
    if (this.core.conferences.get(this.name) === this) this.core.conferences.delete(this.name);
    this.fire('conference-destroy');
  }

  #setFloor(member: Member | undefined): void {
    const old = this.floor;
    this.floor = member;
    this.core.fire(
      'CUSTOM',
      () => [
        ...this.headers(),
        ['Action', 'floor-change'],
        ['Old-ID', old === undefined ? 'none' : String(old.id)],
        ...(member?.headers() ?? []),
        ['New-ID', member === undefined ? 'none' : String(member.id)],
      ],
      { subclass: SUBCLASS, ...(member === undefined ? {} : { uuid: member.channel.uuid }) },
    );
  }

  /** Opens a file and queues it. Rejects when it cannot be opened. */
  async play(file: string, to: Member | undefined): Promise<void> {
    const anyone: Channel | undefined = to?.channel ?? this.members.values().next().value?.channel;
    if (anyone === undefined) throw new Error('nobody is in the conference');
    const source = await openSound(anyone, file, 0, this.#abort.signal);
    if (this.#abort.signal.aborted || (to !== undefined && !this.members.has(to.id))) {
      source.close();
      throw new Error('the conference is over');
    }
    if (to === undefined) {
      this.files.add(file, source);
      this.fire('play-file', [
        ['File', file],
        ['Async', 'false'],
      ]);
      return;
    }
    to.files ??= new PlayQueue((playing) => this.#fileDone(playing, to));
    to.files.add(file, source);
    this.fireMember(to, 'play-file-member', [['File', file]]);
  }

  #fileDone(playing: Playing, to: Member | undefined): void {
    const samples = playing.source.position - playing.startedAt;
    const counts: Header[] = [
      ['seconds', String(Math.floor(samples / 8000))],
      ['milliseconds', String(Math.floor(samples / 8))],
      ['samples', String(samples)],
    ];
    const headers = (): Header[] => [
      ...this.headers(),
      ...counts,
      ['Action', to === undefined ? 'play-file-done' : 'play-file-member-done'],
      ...(to?.headers() ?? []),
      ['File', playing.file],
      ...(to === undefined ? ([['Async', 'false']] as Header[]) : []),
    ];
    this.core.fire('CUSTOM', headers, {
      subclass: SUBCLASS,
      ...(to === undefined ? {} : { uuid: to.channel.uuid }),
      origin: ['conference_file.c', 'conference_file_close', '52'],
    });
  }

  /** With a fault when the file cannot be written. */
  async startRecording(path: string): Promise<Fault | undefined> {
    if (this.recordings.has(path)) return undefined;
    const file = await openRecorder(path, { channels: 1 });
    if ('code' in file) return file;
    if (this.#abort.signal.aborted) {
      await file.close();
      return undefined;
    }
    this.recordings.set(path, { file, paused: false });
    this.fire('start-recording', [['Path', path]]);
    return undefined;
  }

  async stopRecording(path: string): Promise<boolean> {
    const recording = this.recordings.get(path);
    if (recording === undefined) return false;
    this.recordings.delete(path);
    const { file } = recording;
    await file.close();
    this.fire('stop-recording', [
      ['Path', path],
      ['Other-Recordings', String(this.recordings.size > 0)],
      ['Samples-Out', String(file.samples)],
      ['Samplerate', '8000'],
      ['Milliseconds-Elapsed', String(Math.floor(file.samples / 8))],
      ['Record-File-Size', String(file.bytes)],
    ]);
    return true;
  }

  headers(): Header[] {
    const ghosts = [...this.members.values()].filter((member) => member.flags.ghost).length;
    return [
      ['Conference-Name', this.name],
      ['Conference-Domain', this.core.sip.host],
      ['Conference-Size', String(this.members.size)],
      ['Conference-Ghosts', String(ghosts)],
      ['Conference-Profile-Name', this.profile],
      ['Conference-Unique-ID', this.uuid],
    ];
  }

  fire(action: string, extra: readonly Header[] = []): void {
    this.core.fire('CUSTOM', () => [...this.headers(), ['Action', action], ...extra], { subclass: SUBCLASS });
  }

  fireMember(member: Member, action: string, extra: readonly Header[] = []): void {
    this.core.fire('CUSTOM', () => [...this.headers(), ...member.headers(), ['Action', action], ...extra], {
      subclass: SUBCLASS,
      uuid: member.channel.uuid,
    });
  }
}
