import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { causeOfReason, REASON_PHRASES, reasonHeader, sendableStatus, statusOfCause } from './causes.ts';

describe('the SIP status of a call that ends unanswered (spec A.9)', () => {
  const table: Readonly<Record<string, number>> = {
    UNALLOCATED_NUMBER: 404,
    NO_ROUTE_DESTINATION: 404,
    NO_ROUTE_TRANSIT_NET: 404,
    USER_BUSY: 486,
    PROGRESS_TIMEOUT: 486,
    NO_USER_RESPONSE: 408,
    NO_ANSWER: 480,
    SUBSCRIBER_ABSENT: 480,
    NORMAL_UNSPECIFIED: 480,
    CALL_REJECTED: 603,
    NUMBER_CHANGED: 410,
    EXCHANGE_ROUTING_ERROR: 483,
    INVALID_NUMBER_FORMAT: 484,
    DESTINATION_OUT_OF_ORDER: 502,
    FACILITY_REJECTED: 510,
    NORMAL_CIRCUIT_CONGESTION: 503,
    NETWORK_OUT_OF_ORDER: 503,
    NORMAL_TEMPORARY_FAILURE: 503,
    SWITCH_CONGESTION: 503,
    REQUESTED_CHAN_UNAVAIL: 503,
    OUTGOING_CALL_BARRED: 403,
    INCOMING_CALL_BARRED: 403,
    BEARERCAPABILITY_NOTAUTH: 403,
    BEARERCAPABILITY_NOTIMPL: 488,
    INCOMPATIBLE_DESTINATION: 488,
    NOT_IMPLEMENTED: 501,
    RECOVERY_ON_TIMER_EXPIRE: 504,
    MEDIA_TIMEOUT: 504,
    ORIGINATOR_CANCEL: 487,
    UNKNOWN: 500,
  };
  for (const [cause, status] of Object.entries(table)) {
    it(`${cause}: ${status}`, () => assert.equal(statusOfCause(cause), status));
  }

  it('a cause that nobody knows: 480', () => assert.equal(statusOfCause('NO_SUCH_CAUSE'), 480));
});

describe('a status to send', () => {
  const known = createRequire(import.meta.url)('sip-status') as Record<number, string>;

  it('is always one that drachtio-srf takes, of the same class', () => {
    for (let status = 300; status <= 699; status += 1) {
      const sent = sendableStatus(status);
      assert.ok(sent in known, `${status} became ${sent}`);
      assert.equal(Math.floor(sent / 100), Math.floor(status / 100));
      if (status in known) assert.equal(sent, status);
    }
  });

  it('is 480 for what is no final status of a refusal', () => {
    for (const status of [0, 100, 200, 299, 700, Number.NaN, 486.5]) assert.equal(sendableStatus(status), 480);
  });

  it('has a reason phrase where we send it by ourselves', () => {
    for (const status of [400, 404, 480, 486, 487, 488, 503, 603]) assert.ok(REASON_PHRASES[status]);
  });
});

describe('the Reason header (RFC 3326)', () => {
  it('names the Q.850 cause', () => {
    assert.equal(reasonHeader('USER_BUSY'), 'Q.850;cause=17;text="USER_BUSY"');
    assert.equal(reasonHeader('NO_SUCH_CAUSE'), 'Q.850;cause=16;text="NO_SUCH_CAUSE"');
  });

  it('of a caller is read back, whatever its spacing', () => {
    assert.equal(causeOfReason('Q.850;cause=17;text="User busy"'), 'USER_BUSY');
    assert.equal(causeOfReason('q.850 ; cause = 21'), 'CALL_REJECTED');
    assert.equal(causeOfReason('SIP;cause=200, Q.850;cause=19'), 'NO_ANSWER');
  });

  it('that says nothing we know means a normal end', () => {
    for (const reason of [undefined, '', 'SIP;cause=200', 'Q.850;cause=999', 'Q.850;cause=9999']) {
      assert.equal(causeOfReason(reason), 'NORMAL_CLEARING');
    }
  });
});
