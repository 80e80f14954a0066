/**
 * The metrics of our own that a worker exports for Prometheus, beside those of Temporal's SDK. Dashboards and
 * alerts rely on the names. Imports nothing, so that workflow code and workers can share it.
 *
 * Each label has few values: a partner's ID is one where it is in the partners file, or among the first
 * {@link MOST_PARTNERS} that were seen.
 */

/** What a metric is, in Prometheus's terms. */
export interface Metric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** What it counts, and its unit where the name has none. */
  readonly help: string;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/** Partners that are told apart in metrics; the others are `other` together. */
export const MOST_PARTNERS = 100;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From an order that is placed at once to one that a person had to free. In seconds. */
const TO_NUMBER = [0.5, 1, 2.5, 5, 10, 30, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, DAY, 7 * DAY, 30 * DAY];

/** Provisioning may take a machine seconds, or a person days. In seconds. */
const TO_PROVISIONED = [
  1,
  5,
  15,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  6 * HOUR,
  DAY,
  3 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
];

const CALL = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export const METRICS = {
  portalCalls: {
    name: 'marketplace_portal_calls_total',
    kind: 'counter',
    labels: ['partner', 'call', 'outcome'],
    help: 'Calls to the Customers Portal, those that were held back (outcome "held") too.',
  },
  portalCallDuration: {
    name: 'marketplace_portal_call_duration_seconds',
    kind: 'histogram',
    labels: ['partner', 'call'],
    help: 'How long a call to the portal took that was sent, connecting included, to the end of its answer.',
    buckets: CALL,
  },
  tokensGranted: {
    name: 'marketplace_portal_tokens_granted_total',
    kind: 'counter',
    labels: ['partner', 'scope'],
    help: 'Token requests that the portal answered with success.',
  },
  purchasesStarted: {
    name: 'marketplace_purchases_started_total',
    kind: 'counter',
    labels: [],
    help: 'Purchases that began. A run that continues another is none.',
  },
  purchasesEnded: {
    name: 'marketplace_purchases_ended_total',
    kind: 'counter',
    labels: ['outcome', 'reason'],
    help: 'Purchases that ended, by outcome and, where they failed, by failure type (otherwise "none").',
  },
  purchasesParked: {
    name: 'marketplace_purchases_parked_total',
    kind: 'counter',
    labels: ['reason'],
    help: 'How often a purchase was parked for a person, by failure type.',
  },
  timeToNumber: {
    name: 'marketplace_purchase_time_to_number_seconds',
    kind: 'histogram',
    labels: [],
    help: 'From the start of a purchase to its subscription number.',
    buckets: TO_NUMBER,
  },
  timeToProvisioned: {
    name: 'marketplace_purchase_time_to_provisioned_seconds',
    kind: 'histogram',
    labels: [],
    help: 'From the start of a purchase to its license.',
    buckets: TO_PROVISIONED,
  },
  confirmationsStarted: {
    name: 'marketplace_confirmations_started_total',
    kind: 'counter',
    labels: [],
    help: 'How often the outcome of a POST was unknown and had to be found out.',
  },
  confirmationsEnded: {
    name: 'marketplace_confirmations_ended_total',
    kind: 'counter',
    labels: ['ending'],
    help: 'What was found out: the order was "placed", "not_placed"; or nothing, and a person was asked ("parked"), or the purchase "ended".',
  },
  purchases: {
    name: 'marketplace_purchases',
    kind: 'gauge',
    labels: ['phase'],
    help: 'Purchases on the task queue in each phase, as Temporal lists them; those that ended, until they are deleted. Every worker exports the same: take the maximum.',
  },
  purchasesCountedAt: {
    name: 'marketplace_purchases_counted_timestamp_seconds',
    kind: 'gauge',
    labels: [],
    help: 'When the purchases and the backlog were last looked up at Temporal, in seconds since the epoch.',
  },
  backlog: {
    name: 'marketplace_task_queue_backlog_tasks',
    kind: 'gauge',
    labels: ['kind'],
    help: 'About how many tasks wait on the task queue, as the server says. Every worker exports the same: take the maximum.',
  },
  backlogAge: {
    name: 'marketplace_task_queue_backlog_age_seconds',
    kind: 'gauge',
    labels: ['kind'],
    help: 'About how long the oldest of them has waited, as the server says.',
  },
  workerReady: {
    name: 'marketplace_worker_ready',
    kind: 'gauge',
    labels: [],
    help: '1 while the worker polls and reaches Temporal, otherwise 0.',
  },
  credentialsReadable: {
    name: 'marketplace_credentials_readable',
    kind: 'gauge',
    labels: [],
    help: '1 while the worker can read its credentials as they are now, 0 while it uses what it read before.',
  },
  circuit: {
    name: 'marketplace_portal_circuit',
    kind: 'gauge',
    labels: ['state'],
    help: "1 for the state that this worker's circuit to the portal is in, 0 for the others.",
  },
  rateLimit: {
    name: 'marketplace_portal_rate_limit_calls_per_second',
    kind: 'gauge',
    labels: ['of'],
    help: 'The limit of MARKETPLACE_PORTAL_RATE, of the "fleet" and of this "worker"; absent without a limit.',
  },
  waitingCalls: {
    name: 'marketplace_portal_waiting_calls',
    kind: 'gauge',
    labels: [],
    help: 'Calls of this worker that wait for their turn.',
  },
  pausedClients: {
    name: 'marketplace_portal_paused_clients',
    kind: 'gauge',
    labels: [],
    help: 'Clients (one for each client ID) whose calls the portal asked to pause, as this worker knows them.',
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** What came of a call to the portal. */
export const CALL_OUTCOMES = [
  /** 2xx */
  'ok',
  /** 404: for `find`, the portal has no such order. */
  'not_found',
  /** Another 4xx. */
  'refused',
  /** 401 */
  'unauthorized',
  /** 429 */
  'throttled',
  /** 5xx */
  'unavailable',
  /** No answer, or not the whole of it. */
  'lost',
  /** 3xx: something else answers there. */
  'unexpected',
  /** Broken off by us, such as by a cancellation. */
  'aborted',
  /** Not sent: the portal asked for a pause, is down, too many calls wait, or the worker stops. */
  'held',
] as const;

export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** How a purchase can end. */
export type PurchaseOutcome = 'provisioned' | 'failed' | 'cancelled' | 'overdue';

/** How a confirmation can end. */
export const CONFIRMATION_ENDINGS = ['placed', 'not_placed', 'parked', 'ended'] as const;

export type ConfirmationEnding = (typeof CONFIRMATION_ENDINGS)[number];
