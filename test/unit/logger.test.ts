import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/observability/logger.js';

/** C0, DEL, C1, line separators, and what turns the direction of writing. */
const HOSTILE = 'a\u0000\u001b[31m\u007f\u0085\u009b31m\u2028\u2029\u061c\u200f\u202e\u2066z';

function lineOf(message: string, meta: Record<string, unknown> = {}): string {
  let written = '';
  createLogger({ write: (text) => void (written += text) }).warn(message, meta);
  return written;
}

describe('a log line', () => {
  it('has nothing in it that a terminal obeys, and still says what it was given', () => {
    const line = lineOf(HOSTILE, { workflowId: HOSTILE, error: new Error(HOSTILE) });
    // oxlint-disable-next-line no-control-regex
    expect(line.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u061c\u200f\u202e\u2066]/);
    expect(line.endsWith('\n')).toBe(true);
    expect(JSON.parse(line)).toMatchObject({
      msg: HOSTILE,
      workflowId: HOSTILE,
      error: { name: 'Error', message: HOSTILE },
    });
  });
});
