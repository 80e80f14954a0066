import type { WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  parsePurchaseWorkflowId,
  PURCHASE_PHASES,
  SEARCH_ATTRIBUTES,
  type FailureType,
  type PurchaseIds,
  type PurchasePhase,
} from '../contract/names.js';
import type { PurchaseStatus } from '../contract/purchase.js';
import { summaryIn } from '../contract/visibility.js';

/** Temporal's own word for how a run stands, such as `RUNNING` or `TERMINATED`. */
export type RunStatus = WorkflowExecutionInfo['status']['name'];

/** What a description and a list of runs have in common. */
export type RunInfo = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'status' | 'memo' | 'typedSearchAttributes' | 'startTime'
>;

/** What is known of a purchase, and how it is known. */
export interface PurchaseReport {
  readonly workflowId: string;
  /** Where the run stands for Temporal. A run that was terminated keeps the phase it had. */
  readonly runStatus: RunStatus;
  /** `worker`: from the purchase itself, now. `server`: no worker answered; from what the server keeps. */
  readonly answeredBy: 'worker' | 'server';
  /** How old it is: now, or when the purchase last wrote it down (ISO 8601). */
  readonly asOf: string;
  readonly status: KnownStatus;
}

/** A {@link PurchaseStatus}, or the part of it that the server keeps without a worker. */
export type KnownStatus = Omit<PurchaseStatus, 'polls' | 'timeline'> &
  Partial<Pick<PurchaseStatus, 'polls' | 'timeline'>>;

/** One line of a list of purchases, from the search attributes. */
export interface PurchaseListing extends PurchaseIds {
  readonly workflowId: string;
  readonly runStatus: RunStatus;
  /** Absent until a worker first saw the purchase. */
  readonly phase?: PurchasePhase;
  readonly subscriptionNumber?: string;
  /** What went wrong last, where the purchase is parked or ended without a license. */
  readonly reason?: FailureType;
  readonly startedAt: string;
  /** How old the rest of this line is: when the purchase last wrote down where it stands (ISO 8601). */
  readonly asOf: string;
}

/** The subscription number among the search attributes. */
export function subscriptionNumberIn(info: RunInfo): string | undefined {
  return attribute(info, SEARCH_ATTRIBUTES.subscriptionNumber);
}

/** What the server knows of a purchase without asking a worker. */
export function serverReport(description: RunInfo, ids: PurchaseIds): PurchaseReport {
  const summary = summaryIn(description.memo);
  const subscriptionNumber = subscriptionNumberIn(description);
  const {
    order: _known,
    at,
    ...kept
  } = summary ?? { at: description.startTime.toISOString(), order: 'unknown' };
  return {
    workflowId: description.workflowId,
    runStatus: description.status.name,
    answeredBy: 'server',
    asOf: at,
    status: {
      phase: phaseIn(description) ?? 'Placing',
      ...kept,
      ...ids,
      ...(subscriptionNumber !== undefined && { subscriptionNumber }),
    },
  };
}

/** A run among others; `undefined` when its ID is not a purchase's. */
export function listing(info: RunInfo): PurchaseListing | undefined {
  const ids = parsePurchaseWorkflowId(info.workflowId);
  if (ids === undefined) return undefined;
  const phase = phaseIn(info);
  const subscriptionNumber = subscriptionNumberIn(info);
  const summary = summaryIn(info.memo);
  const reason = summary?.lastError?.type;
  return {
    workflowId: info.workflowId,
    ...ids,
    runStatus: info.status.name,
    ...(phase !== undefined && { phase }),
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
    ...(isStuck(phase) && reason !== undefined && { reason }),
    startedAt: info.startTime.toISOString(),
    asOf: summary?.at ?? info.startTime.toISOString(),
  };
}

function isStuck(phase: PurchasePhase | undefined): boolean {
  return phase === 'ActionRequired' || phase === 'Failed' || phase === 'Overdue';
}

function phaseIn(info: RunInfo): PurchasePhase | undefined {
  const phase = attribute(info, SEARCH_ATTRIBUTES.purchasePhase);
  return PURCHASE_PHASES.find((known) => known === phase);
}

function attribute(info: RunInfo, name: string): string | undefined {
  return info.typedSearchAttributes.get(defineSearchAttributeKey(name, 'KEYWORD'));
}
