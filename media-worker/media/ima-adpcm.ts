const INDEX = [-1, -1, -1, -1, 2, 4, 6, 8];
/** The 89 step sizes of IMA ADPCM: each 11/10 of the one before, rounded. */
const STEPS = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118,
  130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060,
  1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484,
  7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/**
 * One block of IMA ADPCM in wav (Microsoft's "Multimedia Data Standards Update", 1994): for each channel four bytes with the first
 * sample and the step's index, then in turn four bytes, eight samples, of each channel. Mixed to one channel, -1 to 1.
 */
export function decodeImaAdpcm(block: Uint8Array, channels: number): Float32Array {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const groups = Math.floor((block.length - 4 * channels) / (4 * channels));
  const mixed = new Float32Array(1 + groups * 8);
  for (let channel = 0; channel < channels; channel++) {
    let value = view.getInt16(4 * channel, true);
    let index = Math.min(88, block[4 * channel + 2]!);
    let out = 0;
    mixed[out++]! += value;
    for (let group = 0; group < groups; group++) {
      const at = 4 * channels * (group + 1) + 4 * channel;
      for (let half = 0; half < 8; half++) {
        const code = (block[at + (half >> 1)]! >> (half % 2 === 0 ? 0 : 4)) & 15;
        const step = STEPS[index]!;
        const change = (step >> 3) + (code & 4 ? step : 0) + (code & 2 ? step >> 1 : 0) + (code & 1 ? step >> 2 : 0);
        value = Math.max(-32_768, Math.min(32_767, value + (code & 8 ? -change : change)));
        index = Math.max(0, Math.min(88, index + INDEX[code & 7]!));
        mixed[out++]! += value;
      }
    }
  }
  for (let i = 0; i < mixed.length; i++) mixed[i]! /= 32_768 * channels;
  return mixed;
}
