import { pino, type DestinationStream } from 'pino';
import { escapeUnseen } from '../observability/escape-unseen.js';

/** What is written down of each request: never a token, never a payload. */
export interface AuditEntry {
  readonly operation: 'encode' | 'decode';
  /** Who asked: the token's subject. Absent when nobody was let in. */
  subject?: string;
  namespace?: string;
  origin?: string;
  /** How many payloads came. */
  payloads?: number;
  /** The keys that the encrypted ones among them name. */
  keyIds?: readonly string[];
  /** Why it was refused; absent when it was done. */
  refused?: string;
}

/** Writes one line of JSON for a request; throws when it cannot, so that nothing is shown that is not written down. */
export type Audit = (entry: AuditEntry, status: number) => void;

/**
 * @param destination where to; standard error by default.
 * @throws Error from the audit, when its line cannot be written.
 */
export function createAudit(destination: DestinationStream = auditDestination(STANDARD_ERROR)): Audit {
  // A namespace or an origin is whatever the sender wrote, and people read logs in terminals.
  const harmless = { write: (line: string) => destination.write(escapeUnseen(line)) };
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, harmless);
  return (entry, status) => {
    const outcome = entry.refused === undefined ? 'done' : 'refused';
    log[entry.refused === undefined ? 'info' : 'warn'](
      { audit: { ...entry, outcome, status } },
      'codec request',
    );
  };
}

const STANDARD_ERROR = 2;

/**
 * Lines to an open file descriptor. Whoever writes learns that it does not work, from then on every time: pino alone
 * goes silent when nobody reads any more.
 */
export function auditDestination(descriptor: number): DestinationStream {
  const stream = pino.destination({ dest: descriptor, sync: true });
  let broken: Error | undefined;
  stream.on('error', (error: Error) => {
    broken = error;
  });
  return {
    write: (line) => {
      if (broken === undefined) stream.write(line);
      // Writing is synchronous: the line just written may be the one that failed.
      if (broken !== undefined) throw new Error('the audit log cannot be written', { cause: broken });
    },
  };
}
