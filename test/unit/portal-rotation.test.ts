import { describe, expect, it } from 'vitest';
import { PortalUnauthorizedError, PortalUnavailableError } from '../../src/portal/index.js';
import { Rotation } from '../../src/portal/rotation.js';

const MINUTE = 60_000;
const A = { tradingPartnerId: 'A', clientId: 'a' };

function scene(limit?: number) {
  const clock = { now: 0 };
  const rotation = new Rotation(() => clock.now, limit);
  const grant = (client = A) => rotation.watch(client, () => 'token');
  const fail = (error: Error, client = A) => {
    try {
      rotation.watch(client, () => {
        throw error;
      });
    } catch (thrown) {
      return thrown;
    }
    return expect.unreachable('it throws');
  };
  const refuse = (client = A) =>
    fail(new PortalUnauthorizedError('invalid_client', 'the portal answered 401.', { status: 401 }), client);
  return { clock, grant, fail, refuse };
}

describe('credentials that the portal refuses', () => {
  it('are wrong when it never took any of this client', () => {
    const { refuse } = scene();
    expect(refuse()).toBeInstanceOf(PortalUnauthorizedError);
  });

  it('may be just being rotated when it took some before, for ten minutes from the first refusal', () => {
    const { clock, grant, refuse } = scene();
    expect(grant()).toBe('token');
    clock.now = 100 * MINUTE;
    const first = refuse();
    expect(first).toBeInstanceOf(PortalUnavailableError);
    expect(first).toMatchObject({
      status: 401,
      retryAfterMs: 5_000,
      message: expect.stringContaining('took credentials of this client before'),
    });
    clock.now += 10 * MINUTE - 1;
    expect(refuse()).toBeInstanceOf(PortalUnavailableError);
    clock.now += 1;
    expect(refuse()).toBeInstanceOf(PortalUnauthorizedError);
    clock.now += 100 * MINUTE;
    expect(refuse()).toBeInstanceOf(PortalUnauthorizedError);
  });

  it('have their time anew once the portal took some again', () => {
    const { clock, grant, refuse } = scene();
    grant();
    refuse();
    clock.now = 20 * MINUTE;
    grant();
    expect(refuse()).toBeInstanceOf(PortalUnavailableError);
  });

  it('have it anew for all partners of the client, whichever asks', () => {
    const { clock, grant, refuse } = scene();
    const B = { ...A, tradingPartnerId: 'B' };
    grant();
    refuse();
    grant(B);
    clock.now = 1_000 * MINUTE;
    expect(refuse()).toBeInstanceOf(PortalUnavailableError);
    clock.now += 10 * MINUTE;
    expect(refuse(B)).toBeInstanceOf(PortalUnauthorizedError);
  });

  it('count for the client ID, and for the trading partner when that has a new client', () => {
    const { grant, refuse } = scene();
    grant();
    expect(refuse({ tradingPartnerId: 'B', clientId: 'a' })).toBeInstanceOf(PortalUnavailableError);
    expect(refuse({ tradingPartnerId: 'A', clientId: 'b' })).toBeInstanceOf(PortalUnavailableError);
    expect(refuse({ tradingPartnerId: 'B', clientId: 'b' })).toBeInstanceOf(PortalUnauthorizedError);
    // A trading partner of one kind is not a client of the other.
    expect(refuse({ tradingPartnerId: 'a', clientId: 'A' })).toBeInstanceOf(PortalUnauthorizedError);
  });

  it('are nothing but that: another failure stays what it is', () => {
    const { grant, fail } = scene();
    grant();
    for (const error of [
      new PortalUnauthorizedError('invalid_scope', 'no'),
      new PortalUnavailableError('away'),
      new TypeError('a bug'),
    ]) {
      expect(fail(error)).toBe(error);
    }
  });

  it('are remembered of so many clients only, the latest', () => {
    const { grant, refuse } = scene(4);
    for (const name of ['A', 'B', 'A', 'C']) grant({ tradingPartnerId: name, clientId: name });
    expect(refuse({ tradingPartnerId: 'A', clientId: 'A' })).toBeInstanceOf(PortalUnavailableError);
    expect(refuse({ tradingPartnerId: 'C', clientId: 'C' })).toBeInstanceOf(PortalUnavailableError);
    expect(refuse({ tradingPartnerId: 'B', clientId: 'B' })).toBeInstanceOf(PortalUnauthorizedError);
  });
});
