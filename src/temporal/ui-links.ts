import { SEARCH_ATTRIBUTES, WORKFLOW_TYPE, type PurchasePhase } from '../contract/names.js';
import { quoted } from '../contract/visibility.js';

/** A namespace as a Web UI shows it. */
export interface WebUi {
  /** Its base URL, such as `http://localhost:8233`; a path in it is kept. */
  readonly url: string;
  readonly namespace: string;
}

/** The tabs of a run's page. */
export type RunTab = 'timeline' | 'history' | 'query' | 'user-metadata' | 'search-attributes' | 'memo';

/** Queries for the lists that an operator opens; Temporal's CLI takes the same. Visibility lags a second or so. */
export const LISTS = {
  /** Every purchase. */
  all: () => query([]),
  /** Those that wait for a person. One that was terminated keeps its phase, and waits for nobody. */
  parked: () => query([inPhase('ActionRequired'), "ExecutionStatus = 'Running'"]),
  /** Those whose order exists and was not provisioned in time. */
  overdue: () => query([inPhase('Overdue')]),
  /** One trading partner's. */
  partner: (tradingPartnerId: string) =>
    query([`${SEARCH_ATTRIBUTES.tradingPartnerId} = ${quoted(tradingPartnerId)}`]),
  /** All runs for one order. */
  order: (externalSubscriptionId: string) =>
    query([`${SEARCH_ATTRIBUTES.externalSubscriptionId} = ${quoted(externalSubscriptionId)}`]),
  /** Those that failed at or after a moment; overdue ones are among them. */
  failedSince: (since: Date) =>
    query(["ExecutionStatus = 'Failed'", `CloseTime >= ${quoted(since.toISOString())}`]),
} as const;

/** The page of the Web UI that lists what a query finds. */
export function listUrl(ui: WebUi, visibilityQuery: string): string {
  return `${workflowsUrl(ui)}?query=${encodeURIComponent(visibilityQuery)}`;
}

/**
 * The page of a run.
 *
 * @param runId without it, the latest run of the workflow ID.
 * @param tab needs a `runId`. @default the Web UI's own choice: the timeline
 */
export function runUrl(ui: WebUi, workflowId: string, runId?: string, tab?: RunTab): string {
  return [workflowsUrl(ui), workflowId, runId, tab]
    .filter((part) => part !== undefined)
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join('/');
}

/** When a day began in UTC, as the lists count days. */
export function startOfDay(at: Date): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()));
}

function workflowsUrl({ url, namespace }: WebUi): string {
  return `${url.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows`;
}

function query(conditions: readonly string[]): string {
  return [`WorkflowType = ${quoted(WORKFLOW_TYPE)}`, ...conditions].join(' AND ');
}

function inPhase(phase: PurchasePhase): string {
  return `${SEARCH_ATTRIBUTES.purchasePhase} = ${quoted(phase)}`;
}
