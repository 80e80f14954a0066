const LONGEST_MS = 86_400_000;

/** The three date formats of RFC 9110 §5.6.7 begin with a weekday; `Date.parse` alone takes much more for a date. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/**
 * The wait a `Retry-After` header asks for, in milliseconds: between 0 and a day, so that no typing error
 * at the portal stops a purchase for good. `undefined` when there is no header or it is not understood.
 *
 * @param now the present, in milliseconds since the epoch, against which a date is taken.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, LONGEST_MS);
  if (!HTTP_DATE.test(text)) return undefined;
  // The oldest format (asctime) names no zone; it is in GMT as well.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), LONGEST_MS);
}
