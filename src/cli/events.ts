import { oneLine } from './sanitize.js';

/** What happened to a purchase, as the timeline says it. */
export interface TimelineEntry {
  readonly at: string;
  readonly event: string;
  readonly detail?: string;
}

const WORDS: Readonly<Record<string, string>> = {
  Started: 'Purchase started',
  TokenFetched: 'OAuth token',
  OrderPlaced: 'Order placed',
  OrderFound: 'Order found',
  OutcomeUnknown: 'Outcome unknown',
  OrderNotFound: 'Order not found yet',
  SettledAsNotPlaced: 'No order placed',
  PortalTrouble: 'Portal trouble',
  Polled: 'Portal says',
  Parked: 'Waits for a person',
  Resumed: 'Goes on',
  CancelRequested: 'Cancel asked for',
  Provisioned: 'Provisioned',
  Failed: 'Failed',
  Overdue: 'Overdue',
  Cancelled: 'Cancelled',
};

/** An event in words; one that is not known here is shown as it is. */
export function eventName({ event }: TimelineEntry): string {
  return WORDS[event] ?? oneLine(event);
}

/** How bad an event is, for its mark and colour. */
export function toneOf({ event, detail }: TimelineEntry): 'good' | 'bad' | 'open' {
  if (event === 'Polled' && detail === 'Failed') return 'bad';
  if (['Failed', 'Overdue', 'Parked'].includes(event)) return 'bad';
  return ['OutcomeUnknown', 'PortalTrouble', 'CancelRequested', 'Cancelled'].includes(event)
    ? 'open'
    : 'good';
}
