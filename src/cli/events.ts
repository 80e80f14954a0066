import { formatDuration } from '../contract/index.js';
import { oneLine } from './sanitize.js';
import { tidy } from './text.js';

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

/** What is told of an event. When a token expires is told as how long it is good. */
export function eventDetail({ at, detail = '' }: TimelineEntry): string {
  return tidy(detail).replace(/good until (\S+Z)$/, (text, expiresAt: string) => {
    const lifetime = Date.parse(expiresAt) - Date.parse(at);
    return lifetime > 0 ? `good for ${formatDuration(lifetime)}` : text;
  });
}

/** How bad an event is, for its mark and colour. */
export function toneOf({ event, detail }: TimelineEntry): 'good' | 'bad' | 'open' {
  if (event === 'Polled' && detail === 'Failed') return 'bad';
  if (['Failed', 'Overdue', 'Parked'].includes(event)) return 'bad';
  return ['OutcomeUnknown', 'PortalTrouble', 'CancelRequested', 'Cancelled'].includes(event)
    ? 'open'
    : 'good';
}
