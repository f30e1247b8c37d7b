import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createCommandParser, MAX_BODY_BYTES, MAX_HEADER_BYTES } from './parser.ts';

describe('commands of an event socket', () => {
  it('come out of whatever pieces they arrive in', () => {
    const command = fc.record({
      line: fc.stringMatching(/^[a-z]{1,8}( [a-zA-Z0-9:/%(),#]{0,20})?$/),
      headers: fc.dictionary(fc.stringMatching(/^[a-z][a-z-]{0,12}$/), fc.stringMatching(/^[ -~]{0,30}$/), {
        maxKeys: 4,
      }),
      body: fc.string({ maxLength: 50 }),
      crlf: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 8 }), fc.array(fc.nat(40), { minLength: 1 }), (commands, cuts) => {
        const end = (crlf: boolean): string => (crlf ? '\r\n' : '\n');
        const wire = Buffer.from(
          commands
            .map(({ line, headers, body, crlf }) => {
              const { 'content-length': _, ...others } = headers;
              const lines = [line, ...Object.entries(others).map(([name, value]) => `${name}: ${value}`)];
              if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
              return `${lines.join(end(crlf))}${end(crlf)}${end(crlf)}${body}`;
            })
            .join(''),
        );
        const parser = createCommandParser();
        const out = [];
        for (let at = 0, i = 0; at < wire.length; i += 1) {
          const size = (cuts[i % cuts.length] ?? 0) + 1;
          out.push(...parser.push(wire.subarray(at, at + size)));
          at += size;
        }
        // A body that begins with line ends would be read as padding before the next command only if it had no length.
        assert.deepEqual(
          out.map(({ line, body }) => ({ line, body })),
          commands.map(({ line, body }) => ({ line, body })),
        );
        assert.equal(parser.pending, 0);
      }),
      { numRuns: 300 },
    );
  });

  it('survive any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (chunks) => {
        const parser = createCommandParser();
        try {
          for (const chunk of chunks)
            for (const { line } of parser.push(Buffer.from(chunk))) assert.equal(typeof line, 'string');
        } catch (error) {
          assert.ok(error instanceof RangeError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are refused past the limits', () => {
    assert.throws(() => createCommandParser().push(Buffer.alloc(MAX_HEADER_BYTES + 1, 'x')), RangeError);
    const huge = `sendmsg\ncontent-length: ${MAX_BODY_BYTES + 1}\n\n`;
    assert.throws(() => createCommandParser().push(Buffer.from(huge)), RangeError);
  });
});
