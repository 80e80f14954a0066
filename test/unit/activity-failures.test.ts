import {
  ApplicationFailure,
  ApplicationFailureCategory,
  DefaultFailureConverter,
  defaultPayloadConverter,
} from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { failure, toApplicationFailure } from '../../activities/failures.js';
import { FAILURE_TYPES, failureDetailSchema, type FailureType } from '../../src/contract/index.js';
import * as portal from '../../src/portal/index.js';
import {
  PortalError,
  PortalNotPermittedError,
  PortalOutcomeUnknownError,
  PortalRefusedError,
  PortalThrottledError,
  PortalUnauthorizedError,
  PortalUnavailableError,
  PortalUnreadableError,
  type UnauthorizedReason,
} from '../../src/portal/index.js';

const MESSAGE = 'POST subscriptions: the portal answered 418: it is a teapot';
const DETAILS = { status: 418, retryAfterMs: 20_000, code: 'ETEAPOT', portalMessage: 'it is a teapot' };

/** An error that the portal's client does not have yet. */
class PortalNovelError extends PortalError {}

interface Case {
  readonly error: PortalError;
  readonly type: FailureType;
  readonly retryable: boolean;
}

const unauthorized = (reason: UnauthorizedReason) => new PortalUnauthorizedError(reason, MESSAGE, DETAILS);

const CASES: readonly Case[] = [
  { error: new PortalUnavailableError(MESSAGE, DETAILS), type: 'PortalUnavailable', retryable: true },
  { error: new PortalThrottledError(MESSAGE, DETAILS), type: 'RateLimited', retryable: true },
  { error: new PortalUnreadableError(MESSAGE, DETAILS), type: 'UnexpectedResponse', retryable: true },
  { error: new PortalOutcomeUnknownError(MESSAGE, DETAILS), type: 'UnknownOutcome', retryable: false },
  { error: new PortalNotPermittedError(MESSAGE, DETAILS), type: 'NotPermitted', retryable: false },
  { error: new PortalRefusedError(MESSAGE, DETAILS), type: 'OrderRejected', retryable: false },
  { error: unauthorized('invalid_client'), type: 'InvalidClient', retryable: false },
  { error: unauthorized('token_refused'), type: 'InvalidClient', retryable: false },
  { error: unauthorized('no_credentials'), type: 'InvalidClient', retryable: false },
  { error: unauthorized('invalid_scope'), type: 'InvalidScope', retryable: false },
  { error: new PortalNovelError(MESSAGE, DETAILS), type: 'UnexpectedResponse', retryable: true },
];

/** As it goes into Temporal's history. */
function inHistory(error: unknown): string {
  return JSON.stringify(
    new DefaultFailureConverter().errorToFailure(error, defaultPayloadConverter),
    (_name, value: unknown) => {
      return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
    },
  );
}

function applicationFailure(error: unknown): ApplicationFailure {
  const mapped = toApplicationFailure(error);
  if (mapped instanceof ApplicationFailure) return mapped;
  return expect.unreachable('it should be an ApplicationFailure');
}

describe("a portal's error becomes Temporal's", () => {
  it.each(CASES)('$error.name $error.reason: $type', ({ error, type, retryable }) => {
    const mapped = applicationFailure(error);
    expect(mapped).toMatchObject({ type, message: MESSAGE, nonRetryable: !retryable });
    expect(mapped.details).toEqual([{ httpStatus: 418, retryAfterMs: 20_000 }]);
    expect(mapped.category).toBe(retryable ? ApplicationFailureCategory.BENIGN : undefined);
    // Only who tries again by itself is told when.
    expect(mapped.nextRetryDelay).toBe(retryable ? 20_000 : undefined);
    expect(failureDetailSchema.parse(mapped.details?.[0])).toEqual(mapped.details?.[0]);
  });

  it('in every case there is', () => {
    const classes = Object.values(portal).filter(
      (value) => typeof value === 'function' && value.prototype instanceof PortalError,
    );
    expect(classes).toHaveLength(7);
    const covered = new Set(CASES.map(({ error }) => error.constructor));
    expect(classes.filter((one) => !covered.has(one))).toEqual([]);
  });

  it('with no detail that it does not have', () => {
    const mapped = applicationFailure(new PortalUnavailableError(MESSAGE));
    expect(mapped.details).toStrictEqual([{}]);
    expect(mapped.nextRetryDelay).toBeUndefined();
  });

  it('that Temporal does not repeat itself where the wait is long: the workflow waits', () => {
    for (const [retryAfterMs, nonRetryable] of [
      [30_000, false],
      [30_001, true],
    ] as const) {
      const mapped = applicationFailure(new PortalThrottledError(MESSAGE, { status: 429, retryAfterMs }));
      expect(mapped).toMatchObject({ nonRetryable, category: ApplicationFailureCategory.BENIGN });
      expect(mapped.nextRetryDelay).toBe(nonRetryable ? undefined : retryAfterMs);
      expect(mapped.details).toEqual([{ httpStatus: 429, retryAfterMs }]);
    }
  });

  it('with a wait of nothing, where the portal asked for that', () => {
    const mapped = applicationFailure(new PortalThrottledError(MESSAGE, { status: 429, retryAfterMs: 0 }));
    expect(mapped.nextRetryDelay).toBe(0);
    expect(mapped.details).toEqual([{ httpStatus: 429, retryAfterMs: 0 }]);
  });

  it.each(CASES)('with nothing else that hangs on it ($error.name)', ({ error }) => {
    const laden = Object.assign(Object.create(error), {
      cause: new Error('Authorization: Bearer t0ken'),
      headers: { authorization: 'Bearer t0ken' },
      request: { body: 'client_secret=s3cret' },
      token: 't0ken',
    });
    expect(laden).toBeInstanceOf(PortalError);
    const mapped = applicationFailure(laden);
    expect(mapped.cause).toBeUndefined();
    const history = inHistory(mapped);
    expect(history).toContain(MESSAGE);
    expect(history).not.toMatch(/t0ken|s3cret|bearer|authorization|headers/i);
    expect(history).not.toContain('ETEAPOT');
  });

  it.each([new Error('a bug'), new TypeError('another'), 'a text', undefined, null])(
    'but %s, which is none of the portal, stays what it is',
    (error) => {
      expect(toApplicationFailure(error)).toBe(error);
    },
  );

  it('but what is an ApplicationFailure already stays what it is', () => {
    const already = failure('OrderRejected', 'no');
    expect(toApplicationFailure(already)).toBe(already);
  });
});

describe('a typed failure', () => {
  it.each(FAILURE_TYPES)('of type %s is final unless it is said to be retryable', (type) => {
    expect(failure(type, 'why')).toMatchObject({ type, message: 'why', nonRetryable: true, details: [{}] });
    expect(failure(type, 'why').category).toBeUndefined();
    expect(failure(type, 'why', { retryable: true })).toMatchObject({
      type,
      nonRetryable: false,
      category: ApplicationFailureCategory.BENIGN,
    });
  });
});
