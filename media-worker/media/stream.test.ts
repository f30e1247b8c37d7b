import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseStream, silenceMs } from './stream.ts';

test('tones and silence are passed on', () => {
  for (const uri of [
    'tone_stream://%(1000,0,440)',
    'tone_stream://%(2000,4000,440,480);loops=-1',
    'tone_stream://v=-7;%(100,0,941.0,1477.0);v=-7;>=2;+=.1;%(1400,0,350,440)',
    'tone_stream://L=2;%(250,250,425)',
    'tone_stream://d=100;1234#*',
    'silence_stream://1000',
    'silence_stream://1000,1400',
    'silence_stream://-1',
  ]) {
    assert.equal(refuseStream(uri), undefined, uri);
  }
  assert.equal(silenceMs('silence_stream://1500,1400'), 1500);
  assert.equal(silenceMs('silence_stream://-1'), undefined);
});

test('everything else that FreeSWITCH could be told by a reference is refused', () => {
  for (const uri of [
    '/etc/passwd',
    'shell_stream://rm -rf /',
    'local_stream://moh',
    'file_string://a!b',
    'say:hello',
    'tone_stream://path=/etc/passwd',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: FreeSWITCH would expand it
    'tone_stream://${system(id)}',
    'tone_stream://%(1,0,440)\nexecute-app-name: system',
    'silence_stream://1000;x',
    'silence_stream://',
    `tone_stream://${'%'.repeat(2000)}`,
    ' tone_stream://%(1000,0,440)',
  ]) {
    assert.equal(refuseStream(uri)?.code, 'PV-1509', uri);
  }
});
