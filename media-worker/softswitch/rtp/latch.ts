import { sequenceDifference } from './packet.ts';

/** Packets in a row, of one source and numbered on, before a source at another address than the signalled one is believed. */
const PROBATION = 3;
/** Ticks of silence from the present source after which another one may take its place (a NAT that gave a new port): 2 s. */
const SILENT_TICKS = 100;

/**
 * Symmetric RTP: where the far end really is. The signalled address always counts; before it has been heard, the first valid
 * packet from the same host wins (a NAT changed the port), and from another host the third in a row of one source. Once
 * somebody is latched nobody else is, until he has been silent for two seconds: a stranger who sprays packets at our
 * ports neither gets the call's sound nor is heard in it.
 */
export class Latch {
  address = '';
  port = 0;
  #signalledAddress = '';
  #signalledPort = 0;
  #latched = false;
  #silent = 0;
  #candidateAddress = '';
  #candidatePort = 0;
  #candidateSsrc = 0;
  #candidateSequence = 0;
  #candidateCount = 0;

  /** The far end as signalling says. The latch stays when that says nothing new. */
  signalled(address: string, port: number): void {
    if (address === this.#signalledAddress && port === this.#signalledPort) return;
    this.#signalledAddress = address;
    this.#signalledPort = port;
    this.address = address;
    this.port = port;
    this.#latched = false;
    this.#candidateCount = 0;
  }

  /** Every 20 ms. */
  tick(): void {
    if (this.#silent < SILENT_TICKS) this.#silent++;
  }

  /** A valid packet came from there: whether to take it. */
  accepts(address: string, port: number, ssrc: number, sequence: number): boolean {
    if (this.#latched && port === this.port && address === this.address) {
      this.#silent = 0;
      return true;
    }
    if (port === this.#signalledPort && address === this.#signalledAddress) return this.#take(address, port);
    if (this.#latched && this.#silent < SILENT_TICKS) return false;
    if (address === this.#signalledAddress) return this.#take(address, port);
    const follows =
      address === this.#candidateAddress &&
      port === this.#candidatePort &&
      ssrc === this.#candidateSsrc &&
      sequenceDifference(sequence, this.#candidateSequence) === 1;
    this.#candidateCount = follows ? this.#candidateCount + 1 : 1;
    this.#candidateAddress = address;
    this.#candidatePort = port;
    this.#candidateSsrc = ssrc;
    this.#candidateSequence = sequence;
    return this.#candidateCount >= PROBATION && this.#take(address, port);
  }

  #take(address: string, port: number): true {
    this.address = address;
    this.port = port;
    this.#latched = true;
    this.#silent = 0;
    this.#candidateCount = 0;
    return true;
  }
}
