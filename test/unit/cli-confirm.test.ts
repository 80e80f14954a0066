import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { isConfirmed } from '../../src/cli/confirm.js';

/** What comes of an answer that is typed; `undefined` for none, the input ends. */
async function answered(text: string | undefined): Promise<{ isYes: boolean; said: string }> {
  const input = new PassThrough();
  let said = '';
  const asked = isConfirmed('Go on?', input, { write: (part: string) => (said += part) });
  input.end(text);
  return { isYes: await asked, said };
}

describe('a confirmation', () => {
  it.each(['y\n', 'yes\n', ' Y \r\n', 'YES\n'])('%j is a yes', async (text) => {
    expect(await answered(text)).toEqual({ isYes: true, said: 'Go on? [y/N] ' });
  });

  it.each(['\n', 'n\n', 'no\n', 'yy\n', 'maybe\ny\n'])('%j is a no', async (text) => {
    expect((await answered(text)).isYes).toBe(false);
  });

  it('is not given by an input that ends', async () => {
    expect(await answered(undefined)).toEqual({ isYes: false, said: 'Go on? [y/N] \n' });
  });
});
