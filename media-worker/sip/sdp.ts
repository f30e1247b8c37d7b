/**
 * Keeps the first plain RTP audio stream of an offer. FreeSWITCH offers each codec twice when asked for an offer (RTP/SAVP and RTP/AVP,
 * `wire/40`); phones answer one stream.
 */
export function onlyAudio(sdp: string): string {
  const [session = '', ...media] = sdp.split(/\r\n(?=m=)/);
  const audio = media.find((section) => /^m=audio \d+ RTP\/AVP /.test(section)) ?? media[0] ?? '';
  const lines = `${session}\r\n${audio}`.split('\r\n').filter((line) => line !== '');
  return `${lines.join('\r\n')}\r\n`;
}
