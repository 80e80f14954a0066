/** What a call is answered, before it becomes HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Whether the call committed an order. */
  readonly committed?: boolean;
}

export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, text: JSON.stringify(body) };
}

/** Statuses whose responses may not have a body (Fetch standard, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

export function toResponse({ status, headers, text }: Answer): Response {
  return new Response(WITHOUT_BODY.has(status) ? null : text, { status, headers });
}
