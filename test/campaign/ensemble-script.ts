import * as fc from 'fast-check';
import type { Fault } from '../../src/simulator/index.js';

/** Many purchases at once on a real server, in real time, while its workers and it itself are killed. */
export interface Ensemble {
  readonly purchases: readonly Member[];
  /** When, in milliseconds from the start, a worker is killed and replaced. */
  readonly workerKills: readonly number[];
  /** When the server is killed and started again on its file; it is not, when absent. */
  readonly serverKill: number | null;
}

export interface Member {
  readonly product: string;
  readonly onRejected: 'fail' | 'park';
  /** For the orders of this purchase alone. */
  readonly faults: readonly Fault[];
  readonly messages: readonly Message[];
}

export interface Message {
  /** Milliseconds from the start. */
  readonly after: number;
  readonly do:
    | 'cancelSignal'
    | 'cancelUpdate'
    | 'temporalCancel'
    | 'poll'
    | 'retry'
    | 'orderPlaced'
    | 'startAgain'
    | 'reset';
}

/** How long an order may take to be found, by `settling.window`, in milliseconds. */
export const WINDOW_MS = 4_000;

const LONGEST_HIDING_MS = 2_500;

const moment = fc.integer({ min: 0, max: 6_000 });

const placing = fc.constantFrom<Fault['then']>(
  { do: 'drop', when: 'before' },
  { do: 'drop', when: 'after' },
  { do: 'answer', when: 'before', status: 503 },
  { do: 'answer', when: 'after', status: 500 },
  { do: 'answer', when: 'after', status: 409 },
  { do: 'answer', when: 'before', status: 429, headers: { 'Retry-After': '1' } },
  { do: 'revoke', when: 'before' },
  { do: 'damage', body: 'truncated' },
  { do: 'delay', when: 'before', ms: 700 },
  { do: 'delay', when: 'after', ms: 700 },
  { do: 'hide', forMs: LONGEST_HIDING_MS },
  [
    { do: 'hide', forMs: LONGEST_HIDING_MS },
    { do: 'drop', when: 'after' },
  ],
);

const finding = fc.constantFrom<Fault['then']>(
  { do: 'drop', when: 'before' },
  { do: 'answer', when: 'before', status: 503 },
  { do: 'damage', body: 'html' },
  { do: 'status', status: 'On hold' },
  { do: 'delay', when: 'before', ms: 400 },
);

const often = { times: fc.integer({ min: 1, max: 3 }), skip: fc.integer({ min: 0, max: 2 }) };

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ call: fc.constant('place' as const), ...often, then: placing }),
  fc.record({ call: fc.constant('find' as const), ...often, then: finding }),
);

const message: fc.Arbitrary<Message> = fc.record({
  after: moment,
  do: fc.constantFrom(
    'cancelSignal',
    'cancelUpdate',
    'temporalCancel',
    'poll',
    'retry',
    'orderPlaced',
    'startAgain',
    'reset',
  ),
});

const member: fc.Arbitrary<Member> = fc.record({
  product: fc.constantFrom('2c92a0ff', '2c92a0ff', '2c92a0ff', '2c92a0ff', 'refuse-me', 'fails'),
  onRejected: fc.constantFrom('fail', 'park'),
  faults: fc.array(fault, { maxLength: 2 }),
  messages: fc.array(message, { maxLength: 2 }),
});

export const ensembles: fc.Arbitrary<Ensemble> = fc.record({
  purchases: fc.array(member, { minLength: 20, maxLength: 20 }),
  workerKills: fc.array(fc.integer({ min: 200, max: 6_000 }), { minLength: 1, maxLength: 2 }),
  serverKill: fc.option(fc.integer({ min: 500, max: 5_000 }), { freq: 3 }),
});
