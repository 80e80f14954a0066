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

describe('the IDs in a log line', () => {
  it('have the same names in an activity as in a workflow, and the task itself is left out', () => {
    const ids = {
      workflowId: 'w',
      activityId: '1',
      taskToken: 'AAEC',
      task: '{}',
      taskEncoded: 'AA==',
      trace_id: 't',
      span_id: 's',
    };
    const line: unknown = JSON.parse(lineOf('said', { ...ids, workflowRunId: 'r' }));
    expect(line).toMatchObject({ workflowId: 'w', runId: 'r', activityId: '1', trace_id: 't', span_id: 's' });
    for (const name of ['workflowRunId', 'taskToken', 'task', 'taskEncoded']) {
      expect(line).not.toHaveProperty(name);
    }
    expect(JSON.parse(lineOf('said', { runId: 'r' }))).toMatchObject({ runId: 'r' });
  });
});
