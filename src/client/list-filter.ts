import type { Client } from '@temporalio/client';
import { PURCHASE_PHASES, SEARCH_ATTRIBUTES, WORKFLOW_TYPE, type PurchasePhase } from '../contract/names.js';
import { quoted } from '../contract/visibility.js';
import type { RunStatus } from './report.js';

/** Which purchases are meant: all that match everything that is given. */
export interface CountFilter {
  readonly phase?: PurchasePhase;
  readonly tradingPartnerId?: string;
  readonly externalSubscriptionId?: string;
  /** Those whose `externalSubscriptionId` begins so. */
  readonly idPrefix?: string;
  /** Temporal's own word for how the run stands. */
  readonly runStatus?: RunStatus;
  /** Those that began then or later. */
  readonly since?: Date;
}

export interface ListFilter extends CountFilter {
  /** At most so many, newest first. @default 100 */
  readonly limit?: number;
}

/** How many purchases there are, by where they stand. */
export interface PurchaseCounts {
  /** By phase, without the runs that were ended from outside before their purchase was at an end. */
  readonly phases: Readonly<Record<PurchasePhase, number>>;
  /** Those that no worker has seen yet. */
  readonly notBegun: number;
  /** Those that were terminated or timed out on the server: their phase is only where they were. */
  readonly stopped: number;
  readonly total: number;
}

/** Temporal's query for the runs of purchases that match. */
export function visibilityQuery(filter: CountFilter): string {
  const { phase, tradingPartnerId, externalSubscriptionId, idPrefix, runStatus, since } = filter;
  return [
    equals('WorkflowType', WORKFLOW_TYPE),
    phase && equals(SEARCH_ATTRIBUTES.purchasePhase, phase),
    tradingPartnerId !== undefined && equals(SEARCH_ATTRIBUTES.tradingPartnerId, tradingPartnerId),
    externalSubscriptionId !== undefined &&
      equals(SEARCH_ATTRIBUTES.externalSubscriptionId, externalSubscriptionId),
    idPrefix !== undefined && `${SEARCH_ATTRIBUTES.externalSubscriptionId} STARTS_WITH ${quoted(idPrefix)}`,
    runStatus && equals('ExecutionStatus', statusWord(runStatus)),
    since && `StartTime >= ${quoted(since.toISOString())}`,
  ]
    .filter((part) => typeof part === 'string')
    .join(' AND ');
}

/** A run that went on as a new one is no purchase of its own. */
const NOT_CONTINUED = `ExecutionStatus != 'ContinuedAsNew'`;
const STOPPED = `ExecutionStatus IN ('Terminated', 'TimedOut')`;
const NOT_STOPPED = `ExecutionStatus NOT IN ('Terminated', 'TimedOut')`;

/** One count a phase: Temporal's GROUP BY takes no search attribute of ours. */
export async function countPurchases(client: Client, filter: CountFilter): Promise<PurchaseCounts> {
  const count = async (...conditions: string[]): Promise<number> => {
    const query = [visibilityQuery(filter), NOT_CONTINUED, ...conditions].join(' AND ');
    return (await client.workflow.count(query)).count;
  };
  const inPhase = (phase: PurchasePhase) =>
    count(equals(SEARCH_ATTRIBUTES.purchasePhase, phase), NOT_STOPPED);
  const [
    placing,
    confirming,
    provisioning,
    parked,
    provisioned,
    failed,
    cancelled,
    overdue,
    notBegun,
    stopped,
  ] = await Promise.all([
    inPhase('Placing'),
    inPhase('Confirming'),
    inPhase('Provisioning'),
    inPhase('ActionRequired'),
    inPhase('Provisioned'),
    inPhase('Failed'),
    inPhase('Cancelled'),
    inPhase('Overdue'),
    count(`${SEARCH_ATTRIBUTES.purchasePhase} IS NULL`, NOT_STOPPED),
    count(STOPPED),
  ]);
  const phases = {
    Placing: placing,
    Confirming: confirming,
    Provisioning: provisioning,
    ActionRequired: parked,
    Provisioned: provisioned,
    Failed: failed,
    Cancelled: cancelled,
    Overdue: overdue,
  };
  const total = PURCHASE_PHASES.reduce((sum, phase) => sum + phases[phase], notBegun + stopped);
  return { phases, notBegun, stopped, total };
}

function equals(name: string, value: string): string {
  return `${name} = ${quoted(value)}`;
}

/** As queries write it: `TIMED_OUT` is `TimedOut`, and `CANCELLED` has one L. */
function statusWord(status: RunStatus): string {
  return status
    .replace('CANCELLED', 'CANCELED')
    .split('_')
    .map((word) => `${word.slice(0, 1)}${word.slice(1).toLowerCase()}`)
    .join('');
}
