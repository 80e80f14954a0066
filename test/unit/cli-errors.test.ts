import { describe, expect, it } from 'vitest';
import { reportOf, usageError } from '../../src/cli/errors.js';
import { EXIT } from '../../src/cli/exit-codes.js';
import { printError } from '../../src/cli/print-error.js';
import {
  BatchStoppedError,
  NoWorkerError,
  PurchaseCancelledError,
  PurchaseFailedError,
  PurchaseNotFoundError,
  PurchasePendingError,
  PurchaseStoppedError,
} from '../../src/client/index.js';
import { ConfigError } from '../../src/config.js';
import { TemporalConfigError } from '../../src/temporal/index.js';

const ID = 'purchase:P:EXT-1';

/** What stands on standard error. */
function printed(error: unknown, format: 'text' | 'json' | 'jsonl'): string {
  let text = '';
  printError(reportOf(error), format, { write: (part: string) => (text += part) });
  return text;
}

describe('exit codes', () => {
  it.each([
    [usageError('x'), EXIT.usage],
    [new ConfigError(['a', 'b']), EXIT.usage],
    [new TemporalConfigError('x'), EXIT.usage],
    [new PurchaseFailedError('InvalidOrder', 'x', {}), EXIT.usage],
    [new PurchaseFailedError('InvalidOrder', 'x', { phase: 'Failed' }, ID), EXIT.failed],
    [new PurchaseFailedError('OrderRejected', 'x', {}, ID), EXIT.failed],
    [new PurchaseFailedError('OrderConflict', 'x', {}, ID), EXIT.failed],
    [new PurchaseCancelledError(ID, undefined), EXIT.failed],
    [new PurchaseStoppedError('x', ID), EXIT.failed],
    [new PurchaseNotFoundError(ID), EXIT.notFound],
    [new PurchasePendingError('x', ID, 'ActionRequired', 'do it'), EXIT.pending],
    [new NoWorkerError('x', ID), EXIT.pending],
    [new BatchStoppedError({ asked: 1, failed: 0, jobId: 'j' }, 'j'), EXIT.unreachable],
    [new Error('boom'), EXIT.unexpected],
    ['boom', EXIT.unexpected],
  ])('%s ends with %i', (error, code) => {
    expect(reportOf(error).exitCode).toBe(code);
  });
});

describe('a batch that Temporal does not run', () => {
  it.each([
    [8, 'Max concurrent batch operations is reached'],
    [12, 'Batch operations are not here'],
  ])('for gRPC status %i is a refusal, with where to look', (code, details) => {
    const error = Object.assign(new Error(details), { code, details, metadata: {} });
    expect(reportOf(error)).toMatchObject({
      type: 'TemporalRefused',
      message: `Temporal refused the call: ${details}`,
      hint: expect.stringContaining('temporal batch list'),
      exitCode: EXIT.unreachable,
    });
  });

  it('to its end says how far it came', () => {
    const error = new BatchStoppedError({ asked: 12, failed: 3, jobId: 'j' }, 'j');
    expect(printed(error, 'text')).toMatch(
      /^error: Temporal ended the batch j before all were asked \(asked: 12, failed: 3\)\n.*temporal batch list/,
    );
  });
});

describe('an error in text', () => {
  it('says what and what to do, in a few lines without a stack', () => {
    const error = new PurchasePendingError('a person must act first', ID, 'ActionRequired', 'Mend it.');
    expect(printed(error, 'text')).toBe(`error: a person must act first\n  purchase: ${ID}\n  Mend it.\n`);
  });

  it('names the command where the workflow names its signal', () => {
    const action = 'Mend it, then send the "retry" signal.';
    const error = new PurchasePendingError('a person must act first', ID, 'ActionRequired', action);
    expect(printed(error, 'text')).toContain(`Mend it, then run \`npx marketplace retry ${ID}\`.`);
  });

  it('says what a purchase goes through that is not placed yet', () => {
    const error = new PurchasePendingError('the order is not placed yet', ID, 'Placing');
    expect(printed(error, 'text').replaceAll(/\s+/g, ' ')).toContain(
      `It goes on: \`npx marketplace watch ${ID}\`. A portal in trouble is tried for two hours`,
    );
  });

  it('does not send for another worker when one was just started', () => {
    const text = printed(new NoWorkerError('no worker answered in time', ID), 'text');
    expect(text).toContain('If a worker was just started, ask again in a moment; otherwise start one');
  });

  it('has no control characters of the portal', () => {
    const error = new PurchaseFailedError('OrderRejected', 'no\u001b[2J\n\u009b1mway', {}, ID);
    expect(printed(error, 'text').split('\n')[0]).toBe('error: OrderRejected: no way');
  });

  it('has a stack only when nobody foresaw it', () => {
    expect(printed(new Error('boom'), 'text')).toMatch(/^error: boom\n.*\n\s+at /);
    expect(printed(new ConfigError(['a']), 'text')).not.toMatch(/\n\s+at /);
  });
});

describe('an error in JSON', () => {
  it('is an object with stable names', () => {
    const error = new PurchaseFailedError(
      'ProvisioningFailed',
      'x',
      { phase: 'Failed', subscriptionNumber: 'A-S1' },
      ID,
    );
    const line = printed(error, 'jsonl');
    expect(line.trimEnd()).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      error: {
        type: 'ProvisioningFailed',
        message: 'ProvisioningFailed: x',
        workflowId: ID,
        phase: 'Failed',
        subscriptionNumber: 'A-S1',
        exitCode: 3,
      },
    });
    expect(JSON.parse(printed(error, 'json'))).toEqual(JSON.parse(line));
  });
});
