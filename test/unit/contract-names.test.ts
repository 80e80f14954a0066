import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FAILURE_TYPES,
  isFailureType,
  MESSAGES,
  parsePurchaseWorkflowId,
  PURCHASE_PHASES,
  purchaseWorkflowId,
  SCOPES,
  SEARCH_ATTRIBUTES,
  TASK_QUEUE,
  WORKFLOW_TYPE,
} from '../../src/contract/index.js';

describe('the names that others rely on', () => {
  it('are those of the contract', () => {
    expect(WORKFLOW_TYPE).toBe('PurchaseWorkflow');
    expect(TASK_QUEUE).toBe('marketplace-purchases');
    expect(SCOPES).toEqual({ read: 'marketplace.order:read', create: 'marketplace.order:create' });
    expect(Object.values(MESSAGES)).toEqual([
      'status',
      'cancel',
      'retry',
      'poll',
      'orderPlaced',
      'cancelPurchase',
      'amendOrder',
    ]);
    expect(Object.values(SEARCH_ATTRIBUTES)).toEqual([
      'ExternalSubscriptionId',
      'TradingPartnerId',
      'SubscriptionNumber',
      'PurchasePhase',
    ]);
    expect(PURCHASE_PHASES).toEqual([
      'Placing',
      'Confirming',
      'Provisioning',
      'ActionRequired',
      'Provisioned',
      'Failed',
      'Cancelled',
      'Overdue',
    ]);
    expect(FAILURE_TYPES).toEqual([
      'InvalidOrder',
      'WorkflowIdMismatch',
      'OrderConflict',
      'InvalidClient',
      'InvalidScope',
      'NotPermitted',
      'OrderRejected',
      'PortalUnavailable',
      'RateLimited',
      'UnexpectedResponse',
      'UnknownOutcome',
      'ProvisioningFailed',
      'ProvisioningOverdue',
      'ParkExpired',
    ]);
  });

  it('know a failure type', () => {
    expect(FAILURE_TYPES.every(isFailureType)).toBe(true);
    for (const other of ['', 'Error', 'invalidOrder', 'toString', undefined, null, 7, ['InvalidOrder']]) {
      expect(isFailureType(other)).toBe(false);
    }
  });
});

describe('a workflow ID', () => {
  it.each([
    ['0012300000AbCdE', 'EXT-1001', 'purchase:0012300000AbCdE:EXT-1001'],
    ['a:b', 'c/d', 'purchase:a%3Ab:c%2Fd'],
    ['50%', '%2F', 'purchase:50%25:%252F'],
    ['a b', '\u00E4', 'purchase:a%20b:%C3%A4'],
    ["it's", '(*)!~', "purchase:it's:(*)!~"],
  ])('of %j and %j is %s', (tradingPartnerId, externalSubscriptionId, workflowId) => {
    expect(purchaseWorkflowId({ tradingPartnerId, externalSubscriptionId })).toBe(workflowId);
  });

  const wellFormed = fc.string({ unit: 'binary', minLength: 1 });
  const tricky = fc.string({
    unit: fc.constantFrom(...Array.from(':/%.?# 25aA\u00E4\u{1F600}')),
    minLength: 1,
  });
  const id = fc.oneof(wellFormed, tricky);
  const ids = fc.record({ tradingPartnerId: id, externalSubscriptionId: id }, { noNullPrototype: true });

  it('leads back to its two IDs', () => {
    fc.assert(
      fc.property(ids, (given) => {
        expect(parsePurchaseWorkflowId(purchaseWorkflowId(given))).toEqual(given);
      }),
      { numRuns: 1_000 },
    );
  });

  it('belongs to no other two IDs', () => {
    const short = fc.string({ unit: fc.constantFrom(...Array.from(':%3A')), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.tuple(short, short), fc.tuple(short, short), (one, other) => {
        const [first, second] = [one, other].map(([tradingPartnerId, externalSubscriptionId]) =>
          purchaseWorkflowId({ tradingPartnerId, externalSubscriptionId }),
        );
        expect(first === second).toBe(one[0] === other[0] && one[1] === other[1]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is ASCII, and has three parts', () => {
    fc.assert(
      fc.property(ids, (given) => {
        expect(purchaseWorkflowId(given)).toMatch(/^purchase:[!-9;-~]+:[!-9;-~]+$/);
      }),
    );
  });

  it.each(['\uD800', 'a\uDC00'])('cannot be made of %j', (tradingPartnerId) => {
    expect(() => purchaseWorkflowId({ tradingPartnerId, externalSubscriptionId: 'E' })).toThrow(URIError);
  });

  it.each([
    '',
    'purchase',
    'purchase:',
    'purchase:a',
    'purchase:a:',
    'purchase::b',
    'purchase:a:b:c',
    'Purchase:a:b',
    ' purchase:a:b',
    'order:a:b',
    'purchase:%:b',
    'purchase:a:%E4',
    'purchase:a:%ZZ',
  ])('is not %j', (text) => {
    expect(parsePurchaseWorkflowId(text)).toBeUndefined();
  });
});
