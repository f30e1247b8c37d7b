import type { CodeEntry } from './fault.ts';

/** PV-17xx: the softswitch. */
export const softswitchCodes = {
  // 1700 to 1729: SIP and drachtio's control protocol.
  notSip: {
    code: 'PV-1700',
    severity: 'warning',
    title: 'Something that is not SIP came to the SIP port',
    cause: 'The first line is neither a SIP request nor a SIP response: a scanner, another protocol, a damaged packet.',
    cure: 'Nothing to do; the message is dropped. If a phone of yours sends it, look at its transport settings.',
  },
  badMessage: {
    code: 'PV-1701',
    severity: 'warning',
    title: 'A SIP message is malformed',
    cause: 'A header that RFC 3261 requires is missing, twice there, or cannot be read.',
    cure: 'The message says which header. Requests are answered 400 where the answer can be addressed.',
  },
  messageTooLarge: {
    code: 'PV-1702',
    severity: 'warning',
    title: 'A SIP message is too large',
    cause: 'More than 64 KiB, or more than 256 header lines.',
    cure: 'Look at who sends it; no phone needs messages of that size.',
  },
  badLength: {
    code: 'PV-1703',
    severity: 'warning',
    title: 'Content-Length of a SIP message is wrong',
    cause:
      'Not a number, two different ones, or more than the datagram holds. Over TCP the connection is closed, since the next message cannot be found.',
    cure: 'Look at the sending device, or at a middlebox that rewrites SIP without adapting the length.',
  },
  unresolved: {
    code: 'PV-1704',
    severity: 'error',
    title: 'A SIP address cannot be resolved',
    cause: 'The host in the URI has no address, or the transport it asks for (tls, ws) is not offered.',
    cure: 'Use an address, a name that DNS knows, and udp or tcp.',
  },
  noAck: {
    code: 'PV-1707',
    severity: 'warning',
    title: 'The ACK to an answered call never came',
    cause: 'The caller did not get our 200, or its ACK goes to an address that is not reachable (NAT, wrong Contact).',
    cure: 'Check the address that our Contact shows, and the caller’s route to it. The call is ended with BYE.',
  },
  dialogGone: {
    code: 'PV-1708',
    severity: 'error',
    title: 'The SIP dialog is over',
    cause: 'The other side hung up, or does not know the call any more, while a request was about to be sent in it.',
    cure: 'Usually nothing: a race between hanging up and something else.',
  },
  cannotListen: {
    code: 'PV-1709',
    severity: 'error',
    title: 'The SIP or control port cannot be opened',
    cause:
      'Another process uses it, or the address does not belong to this machine, or the port is below 1024 and the process may not.',
    cure: 'Stop the other process, or choose another address or port; 0 takes a free one.',
  },
  wrongSecret: {
    code: 'PV-1711',
    severity: 'error',
    title: 'An application gave the wrong drachtio secret',
    cause: 'The secret of the application and of the server differ.',
    cure: 'Set the same secret on both sides (`--drachtio-secret`).',
  },

  // 1730 to 1749: RTP, sound and the test phone.
  portsExhausted: {
    code: 'PV-1730',
    severity: 'error',
    title: 'No RTP port is free',
    cause: 'Every even port of the range carries a call, or belongs to other programs.',
    cure: 'Widen the range (`--rtp`), two ports per call, or lower `--max-calls`.',
  },
  cannotBind: {
    code: 'PV-1731',
    severity: 'error',
    title: 'An RTP port cannot be opened',
    cause: 'The address does not belong to this machine, or the process has no file descriptors left.',
    cure: 'Give `--rtp` an address of this machine; raise the limit of open files.',
  },
  sessionClosed: {
    code: 'PV-1732',
    severity: 'error',
    title: 'The media session ended before all digits were sent',
    cause: 'The call was hung up meanwhile.',
    cure: 'Usually nothing.',
  },
  noEvents: {
    code: 'PV-1733',
    severity: 'error',
    title: 'The far end takes no RFC 4733 digits',
    cause: 'Its session description has no telephone-event at 8000 Hz.',
    cure: 'Switch RFC 2833/4733 digits on at the far end, or send digits by INFO.',
  },
  badSdp: {
    code: 'PV-1734',
    severity: 'error',
    title: 'A session description cannot be used',
    cause:
      'It cannot be parsed, has no audio stream, or names an address that is not numeric. The call is refused with 488.',
    cure: 'The message says what is wrong; look at the settings of the far end.',
  },
  noCommonCodec: {
    code: 'PV-1735',
    severity: 'error',
    title: 'No codec in common',
    cause:
      'The far end offers neither PCMU nor PCMA over plain RTP (encrypted media is not supported here). The call is refused with 488.',
    cure: 'Allow G.711 (PCMU, PCMA) at the far end and switch SRTP off, or use a real FreeSWITCH.',
  },
  soundNotFound: {
    code: 'PV-1736',
    severity: 'error',
    title: 'A sound file is not there',
    cause: 'No file of that name can be opened for reading.',
    cure: 'Check the path; relative names are looked up in the sound folder.',
  },
  soundUnreadable: {
    code: 'PV-1737',
    severity: 'error',
    title: 'A sound cannot be decoded',
    cause: 'The file is damaged, empty, or in a format that is not wav (PCM, float, G.711) or mp3.',
    cure: 'Convert it, for example with `sox IN -r 8000 -c 1 OUT.wav`.',
  },
  badSound: {
    code: 'PV-1738',
    severity: 'error',
    title: 'A sound reference is not understood',
    cause: 'The scheme before `://` is unknown, or what follows is not what it expects.',
    cure: 'Use a file name, tone_stream://, silence_stream://, file_string:// or dtmf://.',
  },
  recordingFailed: {
    code: 'PV-1739',
    severity: 'error',
    title: 'A recording cannot be written',
    cause: 'The folder is missing or not writable, or the disk is full or too slow.',
    cure: 'Check the folder, its permissions and its free space.',
  },
  callRejected: {
    code: 'PV-1740',
    severity: 'error',
    title: 'The test phone’s call was not answered',
    cause: 'The far end refused it, or did not answer in time.',
    cure: 'The status and reason say why; the trace of the call says more.',
  },

  // 1750 to 1779: the softswitch as a whole and its FreeSWITCH side.
  portInUse: {
    code: 'PV-1750',
    severity: 'error',
    title: 'A port of the softswitch is in use',
    cause: 'Another program, or another softswitch, listens on the address.',
    cure: 'Stop it, or choose another address with the option that the message names (port 0 takes a free one).',
  },
  addressUnusable: {
    code: 'PV-1751',
    severity: 'error',
    title: 'The softswitch cannot listen on an address',
    cause: 'The address does not belong to this machine, or the port needs more rights.',
    cure: 'Use an address of this machine and a port above 1023.',
  },
  threadEnded: {
    code: 'PV-1752',
    severity: 'error',
    title: 'The softswitch has ended',
    cause: 'Its thread stopped on an error that nothing handled, or was out of memory. Every call on it is lost.',
    cure: 'Restart; if it happens again, report it with the log.',
  },
  startFailed: {
    code: 'PV-1753',
    severity: 'error',
    title: 'The softswitch did not start',
    cause: 'See the message.',
    cure: 'See the message.',
  },
} as const satisfies Record<string, CodeEntry>;
