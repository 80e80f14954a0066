import { describe, expect, it } from 'vitest';
import { FAILURE_TYPES, GITLAB_CONTACT, type FailureType } from '../../src/contract/index.js';
import { adviceFor } from '../../workflows/advice.js';

const IDS = { tradingPartnerId: '0012300000AbCdE', externalSubscriptionId: 'EXT-1001' };

/** What each advice must name. */
const NAMED: Readonly<Record<FailureType, readonly string[]>> = {
  InvalidOrder: ['order', 'start the purchase again'],
  WorkflowIdMismatch: ['workflow ID'],
  OrderConflict: ['externalSubscriptionId'],
  InvalidClient: ['MARKETPLACE_CLIENT_ID', 'MARKETPLACE_CLIENT_SECRET', '"retry"', GITLAB_CONTACT],
  InvalidScope: ['"retry"', GITLAB_CONTACT],
  NotPermitted: [IDS.tradingPartnerId, '"retry"', GITLAB_CONTACT],
  OrderRejected: ["portal's message"],
  PortalUnavailable: ['maintenance', '"retry"', GITLAB_CONTACT],
  RateLimited: ['"retry"', GITLAB_CONTACT],
  UnexpectedResponse: ['"retry"', GITLAB_CONTACT],
  UnknownOutcome: [IDS.externalSubscriptionId, IDS.tradingPartnerId, '"retry"', GITLAB_CONTACT],
  ProvisioningFailed: ['The order exists', GITLAB_CONTACT],
  ProvisioningOverdue: ['The order exists', IDS.externalSubscriptionId, GITLAB_CONTACT],
  ParkExpired: ['start the purchase again', IDS.externalSubscriptionId],
};

/** Words that tell a person to do something. */
const TO_DO = /\b(?:correct|start|use|check|contact|read|mend|ask)\b/i;

describe('advice', () => {
  it.each(FAILURE_TYPES)('for %s says what to do', (type) => {
    for (const isParked of [true, false]) {
      const advice = adviceFor(type, IDS, isParked);
      expect(advice).toMatch(TO_DO);
      expect(advice).toMatch(/^[A-Z][^\n]{20,}\.$/);
      for (const named of NAMED[type]) expect(advice).toContain(named);
    }
  });

  it('does not tell anyone to signal a purchase that has ended', () => {
    expect(adviceFor('OrderRejected', IDS, true)).toContain('"retry"');
    expect(adviceFor('OrderRejected', IDS, false)).not.toMatch(/retry|cancel/);
  });

  it('does not tell anyone to place an order again whose outcome is unknown', () => {
    expect(adviceFor('UnknownOutcome', IDS, true)).not.toMatch(/start the purchase|place it again/i);
  });
});
