import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PivotError } from '../../crds/errors/fault.ts';
import { toneShare } from './audio/goertzel.ts';
import { type EslEvent, type Rig, startRig } from './harness.ts';
import type { AudioSink, RtpSession } from './rtp/types.ts';
import { startSoftswitch } from './softswitch.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

/** Resolves when a session hears a tone for five frames on end. */
function hears(rtp: RtpSession, hertz: number): Promise<void> {
  return new Promise((resolve) => {
    let frames = 0;
    const sink: AudioSink = {
      write(frame) {
        frames = toneShare(frame, hertz) > 0.8 ? frames + 1 : 0;
        if (frames < 5) return;
        rtp.removeSink(sink);
        resolve();
      },
      close: () => {},
    };
    rtp.addSink(sink);
  });
}

/** Makes a phone say a tone for as long as it lives. */
function says(rtp: RtpSession, hertz: number): void {
  let position = 0;
  rtp.source = {
    read(frame) {
      for (let i = 0; i < frame.length; i += 1)
        frame[i] = 8000 * Math.sin((2 * Math.PI * hertz * (position + i)) / 8000);
      position += frame.length;
      return true;
    },
    get position() {
      return position;
    },
    close: () => {},
  };
}

for (const inline of [false, true]) {
  describe(`drachtio-srf and drachtio-fsmrf on the softswitch${inline ? ', in this thread' : ''}`, () => {
    let rig: Rig;
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pivot-softswitch-'));
      rig = await startRig({ inline });
    });
    after(async () => {
      await rig.quiet();
      await rig.close();
      await rm(folder, { recursive: true });
      assert.deepEqual(rig.problems, []);
    });

    it('connects a caller, plays a tone that is heard, and hangs up', limit, async () => {
      const { endpoint, rtp, dialog } = await rig.call();
      assert.equal(endpoint.dtmfType, 'rfc2833');
      assert.match(endpoint.local.sdp, /a=sendrecv/);
      const heard = hears(rtp, 440);
      const played = await endpoint.play('tone_stream://%(300,0,440)');
      await heard;
      assert.equal(played['playbackMilliseconds'], '300');
      await endpoint.destroy();
      await dialog.bye();
      rtp.close();
    });

    it('reports a file that is not there', limit, async () => {
      const { endpoint, dialog, rtp } = await rig.call();
      await assert.rejects(endpoint.play('/nonexistent.wav'), /File Not Found/);
      await endpoint.destroy();
      await dialog.bye();
      rtp.close();
    });

    it('stops a prompt at the first digit and collects the rest', limit, async () => {
      const { endpoint, dialog, rtp } = await rig.call();
      const digits: unknown[] = [];
      endpoint.on('dtmf', (digit: never) => digits.push(digit));
      const started = new Promise<void>((resolve) => endpoint.once('playback-start', () => resolve()));
      const collected = endpoint.playCollect({ file: 'tone_stream://%(20000,0,300)', min: 1, max: 5, timeout: 5000 });
      await started;
      await rtp.sendDigits('42#', 60);
      const { digits: typed, terminatorUsed } = await collected;
      assert.equal(typed, '42');
      assert.equal(terminatorUsed, '#');
      assert.equal(digits.length, 3);
      await endpoint.destroy();
      await dialog.bye();
      rtp.close();
    });

    it('records what the caller says', limit, async () => {
      const { endpoint, dialog, rtp } = await rig.call();
      says(rtp, 500);
      const file = join(folder, 'made', 'said.wav');
      const { recordMilliseconds } = await endpoint.record(file, { timeLimitSecs: 1 });
      assert.equal(recordMilliseconds, '1000');
      const wav = await readFile(file);
      assert.equal(wav.length, 44 + 16_000);
      const middle = new Int16Array(wav.buffer.slice(wav.byteOffset + 8044, wav.byteOffset + 8044 + 1600));
      assert.ok(toneShare(middle, 500) > 0.8);
      await endpoint.destroy();
      await dialog.bye();
      rtp.close();
    });

    it('records both directions beside other applications, and ends a recording at silence', limit, async () => {
      const { endpoint, dialog, rtp } = await rig.call();
      says(rtp, 500);
      const both = join(folder, 'both.wav');
      assert.equal((await endpoint.api('uuid_record', [endpoint.uuid, 'start', both])).getBody(), '+OK Success\n');
      await endpoint.play('tone_stream://%(600,0,1500)');
      assert.equal((await endpoint.api('uuid_record', [endpoint.uuid, 'stop', both])).getBody(), '+OK Success\n');
      const wav = await readFile(both);
      const middle = new Int16Array(wav.buffer.slice(wav.byteOffset + 4844, wav.byteOffset + 4844 + 1600));
      assert.ok(toneShare(middle, 500) > 0.1 && toneShare(middle, 1500) > 0.1);
      rtp.source = undefined;
      const { recordMilliseconds } = await endpoint.record(join(folder, 'silent.wav'), {
        timeLimitSecs: 20,
        silenceThresh: 200,
        silenceHits: 1,
      });
      assert.ok(Number(recordMilliseconds) < 2000, recordMilliseconds);
      await endpoint.destroy();
      await dialog.bye();
      rtp.close();
    });

    it('plays a wav file over HTTP, and not one that is not there (31b)', limit, async () => {
      const { endpoint, dialog, rtp } = await rig.call();
      const file = join(folder, 'tone.wav');
      says(rtp, 700);
      await endpoint.record(file, { timeLimitSecs: 1 });
      const bytes = await readFile(file);
      const server = createServer((request, response) => {
        response.writeHead(request.url === '/tone.wav' ? 200 : 404, { 'Content-Type': 'audio/wav' });
        response.end(request.url === '/tone.wav' ? bytes : undefined);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const [played] = await Promise.all([endpoint.play(`http://127.0.0.1:${port}/tone.wav`), hears(rtp, 700)]);
      assert.equal(played['playbackMilliseconds'], '1000');
      await assert.rejects(endpoint.play(`http://127.0.0.1:${port}/missing.wav`), /File Not Found/);
      const seek = await endpoint.play({ file, seekOffset: 4000 });
      assert.equal(seek['playbackMilliseconds'], '500');
      assert.equal(seek['playbackLastOffsetPos'], '8000');
      server.closeAllConnections();
      server.close();
      await endpoint.destroy();
      await dialog.bye();
      rtp.close();
    });

    it('bridges two callers both ways, passes digits, and parts them', limit, async () => {
      const [a, b] = [await rig.call(), await rig.call()];
      await a.endpoint.bridge(b.endpoint);
      says(a.rtp, 400);
      says(b.rtp, 900);
      await Promise.all([hears(a.rtp, 900), hears(b.rtp, 400)]);
      const passed = new Promise<string>((resolve) => {
        b.rtp.onDigit = ({ digit }) => resolve(digit);
      });
      await a.rtp.sendDigits('7', 60);
      assert.equal(await passed, '7');
      await a.endpoint.unbridge();
      const heard = hears(a.rtp, 1000);
      await a.endpoint.play('tone_stream://%(300,0,1000)');
      await heard;
      for (const phone of [a, b]) {
        await phone.endpoint.destroy();
        await phone.dialog.bye();
        phone.rtp.close();
      }
    });

    it('mixes a conference, lists, plays into, mutes, kicks and ends it', limit, async () => {
      const conference = await rig.ms.createConference('room');
      const [a, b] = [await rig.call(), await rig.call()];
      await a.endpoint.join(conference);
      await b.endpoint.join(conference);
      assert.equal(await conference.getSize(), 3);
      says(a.rtp, 400);
      await hears(b.rtp, 400);
      await a.endpoint.confMute();
      const [played] = await Promise.all([
        conference.play('tone_stream://%(300,0,1000)'),
        hears(a.rtp, 1000),
        hears(b.rtp, 1000),
      ]);
      assert.equal(played.milliseconds, 300);
      await b.endpoint.unjoin();
      await b.endpoint.play('tone_stream://%(50,0,440)');
      assert.equal(await conference.getSize(), 2);
      const ended = new Promise<void>((resolve) => a.endpoint.once('destroy', () => resolve()));
      await conference.destroy();
      await ended;
      await b.endpoint.destroy();
      for (const phone of [a, b]) {
        await phone.dialog.bye();
        phone.rtp.close();
      }
    });

    it('makes an endpoint without SDP and connects it later (3pcc)', limit, async () => {
      const endpoint = await rig.ms.createEndpoint();
      const played = await endpoint.play('tone_stream://%(100,0,440)');
      assert.equal(played['playbackMilliseconds'], '100');
      const { rtp, dialog, endpoint: other } = await rig.call();
      const sdp = other.local.sdp.replace(/m=audio \d+/, `m=audio ${rtp.localPort}`);
      await endpoint.modify(sdp);
      assert.equal(endpoint.remote.sdp, sdp);
      await other.destroy();
      await dialog.bye();
      rtp.close();
      const held = new Promise<string>((resolve) =>
        endpoint.on('channelCallState', (event: never) => resolve((event as { state: string }).state)),
      );
      await endpoint.modify(sdp.replace('a=sendrecv', 'a=inactive'));
      assert.equal(await held, 'HELD');
      await endpoint.destroy();
    });

    it('sets variables one by one and together, and shows them', limit, async () => {
      const { endpoint, dialog, rtp } = await rig.call();
      await endpoint.set({ a: '1', b: 'two words' });
      await endpoint.set('c', 'said: "x"');
      const variables = await endpoint.getChannelVariables(true);
      assert.equal(variables['variable_a'], '1');
      assert.equal(variables['variable_b'], 'two words');
      assert.equal(variables['variable_c'], 'said: "x"');
      assert.ok(Number(variables['variable_rtp_audio_in_packet_count']) >= 0);
      await endpoint.destroy();
      await dialog.bye();
      rtp.close();
    });

    it('takes digits by INFO', limit, async () => {
      const { endpoint, dialog, rtp } = await rig.call();
      // drachtio-fsmrf returns before its subscription has been sent; whatever has been answered came after it.
      await endpoint.api('uuid_exists', endpoint.uuid);
      // The caller's leg ends in drachtio; the application passes INFO on over the endpoint's dialog.
      const digit = new Promise<unknown>((resolve) => endpoint.once('dtmf', (event: never) => resolve(event)));
      const sip = endpoint.dialog as unknown as { request(options: unknown): Promise<{ status: number }> };
      await sip.request({
        method: 'INFO',
        headers: { 'Content-Type': 'application/dtmf-relay' },
        body: 'Signal=5\r\nDuration=160\r\n',
      });
      assert.deepEqual(await digit, { dtmf: '5', duration: '1280', source: 'ENDPOINT' });
      await endpoint.destroy();
      await dialog.bye();
      rtp.close();
    });

    it('tells the application when its side of the dialog is hung up, with a playback going on', limit, async () => {
      const { endpoint, dialog, rtp } = await rig.call();
      const started = new Promise<void>((resolve) => endpoint.once('playback-start', () => resolve()));
      const complete = endpoint.execute('playback', 'tone_stream://%(20000,0,440)');
      await started;
      const destroyed = new Promise<void>((resolve) => endpoint.once('destroy', () => resolve()));
      endpoint.dialog.destroy();
      const event: EslEvent = await complete;
      assert.equal(event.getHeader('Application-Response'), 'PLAYBACK ERROR');
      await destroyed;
      await dialog.bye();
      rtp.close();
    });

    it('lets go of everything when the caller hangs up in the middle of anything', limit, async () => {
      const arts = [
        'playback tone_stream://%(20000,0,440)',
        'sleep 20000',
        `record ${join(folder, 'cut.wav')}`,
        'echo',
      ];
      for (const art of [
        ...arts,
        'conference lonely',
        'play_and_get_digits 1 9 1 20000 # silence_stream://10 silence_stream://10 x',
      ]) {
        const { endpoint, dialog, rtp, srfDialog } = await rig.call();
        const [app = '', ...args] = art.split(' ');
        srfDialog.on('destroy', () => void endpoint.destroy());
        endpoint.execute(app, args.join(' ')).catch(() => {});
        await endpoint.api('uuid_exists', endpoint.uuid);
        await dialog.bye();
        rtp.close();
      }
      await rig.quiet();
    });
  });
}

describe('starting the softswitch', () => {
  const settings = {
    sip: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0, secret: 'x' },
    esl: { host: '127.0.0.1', port: 0, password: 'y' },
    rtp: { host: '127.0.0.1', from: 0, to: 0 },
  };

  it('names the address and the option when a port is in use', limit, async () => {
    const first = await startSoftswitch(settings);
    const taken = (it: { readonly host: string }, port: number): { host: string; port: number } => ({
      host: it.host,
      port,
    });
    const cases = [
      [{ ...settings, sip: taken(settings.sip, first.sipPort) }, '--sip'],
      [{ ...settings, esl: { ...settings.esl, port: first.eslPort } }, 'event socket'],
      [{ ...settings, admin: { ...settings.admin, port: first.adminPort } }, 'control protocol'],
    ] as const;
    for (const [options, named] of cases) {
      await assert.rejects(startSoftswitch(options), (error: unknown) => {
        assert.ok(error instanceof PivotError);
        assert.equal(error.fault.code, 'PV-1750');
        assert.match(error.fault.message, /127\.0\.0\.1:\d+ is in use; choose another address/);
        assert.ok(error.fault.message.includes(named), error.fault.message);
        return true;
      });
    }
    await first.close();
    assert.equal(await first.exited, undefined);
    await assert.rejects(first.statistics(), /PV-1752/);
  });

  it('says that it did not start when a setting cannot be used', limit, async () => {
    const impossible = { ...settings, esl: { ...settings.esl, port: 70_000 } };
    await assert.rejects(startSoftswitch(impossible), /PV-1753.*70000/);
  });

  it('says which address is not of this machine', limit, async () => {
    await assert.rejects(
      startSoftswitch({ ...settings, rtp: { host: '192.0.2.1', from: 0, to: 0 } }),
      /PV-1751.*--rtp/,
    );
  });
});
