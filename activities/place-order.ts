import { cancellationSignal, type ApplicationFailure } from '@temporalio/activity';
import { MAY_MEAN_EXISTS } from '../src/contract/assumptions.js';
import { POST_LIFETIME_MS, type PurchaseIds } from '../src/contract/names.js';
import type { Order } from '../src/contract/order.js';
import { PortalRefusedError, type PortalClient } from '../src/portal/index.js';
import type { PlacedOrder, PurchaseActivities } from './api.js';
import { beating } from './beating.js';
import { calling, throwIfCancelled } from './calling.js';
import { earlierRunSettles } from './earlier-runs.js';
import { failure, toApplicationFailure } from './failures.js';

export function createPlaceOrder(portal: PortalClient): PurchaseActivities['placeOrder'] {
  return ({ order, repeated, earlierRunSettlingMs }) =>
    beating(async () => {
      const lifetime = new Lifetime();
      try {
        const lookedAt = Date.now();
        const existing = await calling(() => find(portal, order, cancellationSignal()));
        if (existing) return existing;
        await awaitEarlierRun(earlierRunSettlingMs, lookedAt);
        // The last moment at which a cancellation still means "not placed".
        await throwIfCancelled();
        lifetime.check();
        return await post(portal, order, repeated, lifetime);
      } catch (error) {
        throw toApplicationFailure(error);
      }
    });
}

/**
 * An earlier run of this purchase may have sent an order that the portal does not show yet.
 *
 * @throws ApplicationFailure `UnknownOutcome` for as long as that may be.
 */
async function awaitEarlierRun(settlingMs: number, lookedAt: number): Promise<void> {
  const leftMs = await earlierRunSettles(settlingMs, lookedAt);
  if (leftMs === 0) return;
  throw failure('UnknownOutcome', 'an earlier run of this purchase may have sent the order', {
    detail: { settlingMs: leftMs },
  });
}

/**
 * Sends the order. A cancellation gives it up while it waits for its turn, but does not break it off: a POST that is
 * under way is seen through, and what it came to is told as it is.
 */
async function post(
  portal: PortalClient,
  order: Order,
  repeated: boolean,
  { signal, endsAt }: Lifetime,
): Promise<PlacedOrder> {
  try {
    const options = { signal, abandon: cancellationSignal(), notAfter: endsAt };
    return { adopted: false, ...(await portal.placeOrder(order, options)) };
  } catch (error) {
    if (error instanceof PortalRefusedError && MAY_MEAN_EXISTS.has(error.status)) {
      return await lookAfterRefusal(portal, order, repeated, error);
    }
    // What was given up before it was sent: then, and only then, it fails with the signal's own reason.
    if (error === signal.reason) throw tooLate();
    if (error === cancellationSignal().reason) await throwIfCancelled();
    throw error;
  }
}

/**
 * A 409 or a 422 may mean "exists already": it is looked up before it is believed. When the portal does not
 * find the order and an earlier POST may have reached it, the 404 may be lag, and the refusal stays in doubt.
 */
async function lookAfterRefusal(
  portal: PortalClient,
  order: Order,
  repeated: boolean,
  refusal: PortalRefusedError,
): Promise<PlacedOrder> {
  let existing: PlacedOrder | undefined;
  try {
    existing = await find(portal, order);
  } catch {
    throw inDoubt(refusal);
  }
  if (existing) return existing;
  throw repeated || refusal.status === 409 ? inDoubt(refusal) : refusal;
}

function inDoubt(refusal: PortalRefusedError): ApplicationFailure {
  return failure('UnknownOutcome', `${refusal.message}. This may mean that the order exists already.`, {
    detail: { httpStatus: refusal.status, refused: true },
  });
}

async function find(
  portal: PortalClient,
  ids: PurchaseIds,
  signal?: AbortSignal,
): Promise<PlacedOrder | undefined> {
  const found = await portal.findSubscription(ids, signal);
  if (found === undefined) return undefined;
  const { status: portalStatus, ...number } = found;
  return { adopted: true, portalStatus, ...number };
}

/** How long a try may still send something: the workflow stops counting on it after {@link POST_LIFETIME_MS}. */
class Lifetime {
  /** In milliseconds since the epoch. */
  readonly endsAt = Date.now() + POST_LIFETIME_MS;
  readonly signal = AbortSignal.timeout(POST_LIFETIME_MS);

  /** A machine that was suspended finds its timers late, so the clock is asked too. */
  check(): void {
    if (Date.now() >= this.endsAt) throw tooLate();
  }
}

function tooLate(): ApplicationFailure {
  return failure('PortalUnavailable', 'the order was not sent: looking for it first took too long', {
    retryable: true,
  });
}
