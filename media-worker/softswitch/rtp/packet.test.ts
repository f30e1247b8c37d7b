import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  emptyRtpPacket,
  parseRtp,
  RTP_HEADER_BYTES,
  sequenceDifference,
  timestampDifference,
  writeRtpHeader,
} from './packet.ts';

const byte = { min: 0, max: 255 };

test('what is written is read again', () => {
  fc.assert(
    fc.property(
      fc.nat(71),
      fc.boolean(),
      fc.nat(0xffff),
      fc.nat(0xffffffff),
      fc.nat(0xffffffff),
      fc.uint8Array({ maxLength: 200, size: 'max' }),
      (payloadType, marker, sequence, timestamp, ssrc, payload) => {
        const data = new Uint8Array(RTP_HEADER_BYTES + payload.length);
        writeRtpHeader(data, payloadType, marker, sequence, timestamp, ssrc);
        data.set(payload, RTP_HEADER_BYTES);
        const packet = emptyRtpPacket();
        // Marker and types 64 to 95 together look like RTCP (RFC 5761) and are not used.
        if (marker && payloadType >= 64) return;
        assert.ok(parseRtp(data, packet));
        assert.deepEqual(packet, {
          payloadType,
          marker,
          sequence,
          timestamp,
          ssrc,
          payloadStart: RTP_HEADER_BYTES,
          payloadEnd: data.length,
        });
      },
    ),
  );
});

test('CSRCs, extension and padding are no payload', () => {
  const data = Uint8Array.from([
    0b10110001, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 77, 88, 0, 0, 3,
  ]);
  const packet = emptyRtpPacket();
  assert.ok(parseRtp(data, packet));
  assert.deepEqual([...data.subarray(packet.payloadStart, packet.payloadEnd)], [77, 88]);
});

test('garbage is refused or lies within the datagram, and never throws', () => {
  const packet = emptyRtpPacket();
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 64, size: 'max' }),
    fc
      .tuple(
        fc.integer({ min: 0x80, max: 0xbf }),
        fc.array(fc.integer(byte), { minLength: 11, maxLength: 60, size: 'max' }),
      )
      .map(([first, rest]) => Uint8Array.from([first, ...rest])),
  );
  fc.assert(
    fc.property(garbage, (data) => {
      if (!parseRtp(data, packet)) return;
      assert.ok(packet.payloadStart >= RTP_HEADER_BYTES);
      assert.ok(packet.payloadStart <= packet.payloadEnd);
      assert.ok(packet.payloadEnd <= data.length);
    }),
    { numRuns: 1000 },
  );
});

test('numbers are compared across their wrap', () => {
  assert.equal(sequenceDifference(2, 0xffff), 3);
  assert.equal(sequenceDifference(0xffff, 2), -3);
  assert.equal(timestampDifference(100, 0xffffff9c), 200);
});
