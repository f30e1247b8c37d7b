/** What a leg's sound can be joined with: a room's mix, or another leg. The part of a media endpoint that conferences and queues use. */
export interface LegMedia {
  readonly uuid: string;
  /** Enters a room, until `signal` aborts, the endpoint is gone, or somebody else takes it out. */
  confer(room: string, flags: RoomFlags, signal: AbortSignal): RoomStay;
  /** A command to a room in which somebody is: FreeSWITCH's `conference ROOM COMMAND`. Resolves with the reply. */
  roomCommand(room: string, command: string): Promise<string>;
  /** Joins both legs until `signal` aborts or one is gone; resolves when they are apart. Rejects when they cannot be joined. */
  bridge(other: LegMedia, signal: AbortSignal, onJoined?: () => void): Promise<void>;
}

export interface RoomFlags {
  readonly muted: boolean;
  readonly deaf: boolean;
}

export interface RoomStay {
  /** Resolves with true when it is in the mix, with false when it never came in. */
  readonly inside: Promise<boolean>;
  /** Resolves when it is out. Never rejects. */
  readonly left: Promise<void>;
}
