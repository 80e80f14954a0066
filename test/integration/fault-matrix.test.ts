import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SCOPES } from '../../src/contract/names.js';
import type { Order, PurchaseOptions, PurchasePhase, PurchaseStatus } from '../../src/contract/index.js';
import type { Fault, Simulator, SimulatorOptions } from '../../src/simulator/index.js';
import { pollSignal, retrySignal, statusQuery } from '../../workflows/messages.js';
import { unlessUnanswered } from '../helpers/answered.js';
import { eventually } from '../helpers/eventually.js';
import { markdownTable } from '../helpers/markdown-table.js';
import { anInput, anOrder, QUICK } from '../helpers/orders.js';
import { Rig } from '../helpers/rig.js';
import { startDevEnvironment } from '../helpers/temporal.js';
import { useRig } from '../helpers/use-rig.js';

// The cells spend their time waiting, each for its own purchase.
vi.setConfig({ maxConcurrency: 30, testTimeout: 120_000 });

type Handle = Awaited<ReturnType<Rig['begin']>>;
type PortalCall = Simulator['journal'][number];
type Then = Fault['then'];

const COLUMNS = ['first', 'second', 'every time'] as const;

/** Which of the calls are hit. */
type Column = (typeof COLUMNS)[number];

/** Something that goes wrong. */
interface Row {
  readonly name: string;
  readonly then: Then;
  /** Calls that are let through before the first that is hit. */
  readonly skip?: number;
  /** What happens besides, where the fault itself does not. */
  readonly also?: (column: Column) => readonly Fault[];
  readonly options?: PurchaseOptions;
  /** How long "every time" is; without it, the portal is mended by the test. */
  readonly during?: Fault['during'];
  /** It hits the calls of other purchases too: it needs a portal and a worker of its own. */
  readonly own?: true;
}

/** The rows of one of the portal's calls. */
interface Section {
  readonly title: string;
  readonly call: Fault['call'];
  readonly rows: readonly Row[];
}

/** Where redirects lead. Nothing may arrive there. */
const stranger = await startStranger();

/** In time for what is late, and long enough for what is only slow. */
const TIMEOUTS = { headersMs: 3_000, bodyMs: 3_000 };
const LATE_MS = 4_500;

const PAGE = { body: '<html>We will be back soon</html>', contentType: 'text/html' };
const TAKEN = { error: 'externalSubscriptionId has already been taken' };
const SOON = { 'Retry-After': '1' };
const AWAY = { location: stranger.url };

const drop = (when: 'before' | 'after'): Then => ({ do: 'drop', when });
const late = (when: 'before' | 'after'): Then => ({ do: 'delay', when, ms: LATE_MS });
const answer = (when: 'before' | 'after', status: number, rest: object = {}): Then => ({
  do: 'answer',
  when,
  status,
  ...rest,
});

/** Every way in which the body of a good answer can arrive. */
const DAMAGES: readonly Row[] = [
  { name: 'an empty body', then: { do: 'damage', body: 'empty' } },
  { name: 'half a body', then: { do: 'damage', body: 'truncated' } },
  { name: 'a body of megabytes', then: { do: 'damage', body: 'oversized' } },
  { name: 'a body that trickles for minutes', then: { do: 'damage', body: 'trickled' } },
  { name: 'a web page', then: { do: 'damage', body: 'html' } },
  { name: 'the right body, called a web page', then: { do: 'damage', body: 'mislabelled' } },
];

/** Time enough for an order that is taken after the time-out. */
const SETTLING_LATE = settlingFor('20s');

/** A refusal parks, so that the same order can be sent again. */
const PARKING: PurchaseOptions = { ...QUICK, onRejected: 'park' };

const PLACE: Section = {
  title: 'The POST of the order',
  call: 'place',
  rows: [
    { name: 'the connection is lost; no order taken', then: drop('before') },
    { name: 'the connection is lost; order taken', then: drop('after') },
    { name: 'no answer in time; order taken later', then: late('before'), options: SETTLING_LATE },
    { name: 'no answer in time; order taken', then: late('after') },
    {
      name: 'the connection is lost, and the order is not found (404) for a while; order taken',
      then: [
        { do: 'hide', forMs: 4_000 },
        { do: 'drop', when: 'after' },
      ],
      options: settlingFor('20s'),
    },
    { name: '500; no order taken', then: answer('before', 500) },
    { name: '500; order taken', then: answer('after', 500) },
    { name: '502 and a web page; no order taken', then: answer('before', 502, PAGE) },
    { name: '502 and a web page; order taken', then: answer('after', 502, PAGE) },
    { name: '503 with `Retry-After`; no order taken', then: answer('before', 503, { headers: SOON }) },
    { name: '503 with `Retry-After`; order taken', then: answer('after', 503, { headers: SOON }) },
    { name: '408; no order taken', then: answer('before', 408) },
    { name: '429 with `Retry-After`; no order taken', then: answer('before', 429, { headers: SOON }) },
    { name: '401; no order taken', then: answer('before', 401) },
    { name: 'tokens revoked in mid-flow', then: { do: 'revoke', when: 'before' }, own: true },
    {
      name: '409 "already taken"; no order taken',
      then: answer('before', 409, { body: TAKEN }),
      options: PARKING,
    },
    { name: '409 "already taken"; order taken', then: answer('after', 409, { body: TAKEN }) },
    {
      name: '422 "already taken"; no order taken',
      then: answer('before', 422, { body: TAKEN }),
      options: PARKING,
    },
    { name: '422 "already taken"; order taken', then: answer('after', 422, { body: TAKEN }) },
    { name: 'a redirect to another origin; no order taken', then: answer('before', 307, { headers: AWAY }) },
    { name: 'a redirect to another origin; order taken', then: answer('after', 307, { headers: AWAY }) },
    { name: '200 and a web page; no order taken', then: answer('before', 200, PAGE) },
    { name: '201 without a number; order taken', then: answer('after', 201, { body: { ok: true } }) },
    ...DAMAGES.map((row) => ({ ...row, name: `${row.name}; order taken` })),
  ],
};

const LOOKS: readonly Row[] = [
  { name: 'the connection is lost', then: drop('before') },
  { name: 'no answer in time', then: late('before') },
  { name: '500', then: answer('before', 500) },
  { name: '502 and a web page', then: answer('before', 502, PAGE) },
  { name: '503 with `Retry-After`', then: answer('before', 503, { headers: SOON }) },
  { name: '429 with `Retry-After`', then: answer('before', 429, { headers: SOON }) },
  { name: '403', then: answer('before', 403) },
  { name: 'tokens revoked in mid-flow', then: { do: 'revoke', when: 'before' }, own: true },
  { name: 'a redirect to another origin', then: answer('before', 307, { headers: AWAY }) },
  ...DAMAGES,
];

/** The portal says `Created` to the first two polls. */
const CREATED: Fault = { call: 'find', skip: 1, times: 2, then: { do: 'status', status: 'Created' } };

const FIND: Section = {
  title: 'The GET of the order: the look before the POST is the first, then it is polled',
  call: 'find',
  rows: [
    ...LOOKS,
    { name: '404', then: answer('before', 404) },
    {
      name: 'a status that nobody knows',
      then: { do: 'status', status: 'Paused' },
      skip: 1,
      also: () => [CREATED],
    },
    {
      name: 'from `Created` back to `Creating`',
      then: { do: 'status', status: 'Creating' },
      skip: 2,
      also: () => [CREATED],
    },
  ],
};

/**
 * The answer to the POST is lost. Its order turns up when it was looked for a few times, by a busy worker too; where every
 * look fails, it is there from the first.
 */
const lost = (column: Column): Fault => ({
  call: 'place',
  then: [
    { do: 'hide', forMs: column === 'every time' ? 0 : 15_000 },
    { do: 'drop', when: 'after' },
  ],
});

const FIND_IN_DOUBT: Section = {
  title: 'The GET, while it is not known whether the POST placed the order (it did)',
  call: 'find',
  rows: LOOKS.map((row) => ({
    ...row,
    skip: 1,
    also: (column) => [lost(column)],
    options: settlingFor('40s', '1s'),
  })),
};

const INVALID_CLIENT = { error: 'invalid_client' };

const TOKENS: readonly Omit<Row, 'own'>[] = [
  { name: 'the connection is lost', then: drop('before') },
  { name: 'no answer in time', then: late('before') },
  { name: '500', then: answer('before', 500) },
  { name: '502 and a web page', then: answer('before', 502, PAGE) },
  { name: '503 with `Retry-After`', then: answer('before', 503, { headers: SOON }) },
  { name: '429 with `Retry-After`', then: answer('before', 429, { headers: SOON }) },
  { name: '401, of a client that had tokens before', then: answer('before', 401, { body: INVALID_CLIENT }) },
  { name: 'a redirect to another origin', then: answer('before', 307, { headers: AWAY }) },
  ...DAMAGES,
  { name: 'the token is revoked at once', then: { do: 'revoke', when: 'after' } },
  { name: 'the token ends two hours early (clock skew)', then: { do: 'skew', ms: 7_200_000 } },
];

const TOKEN: Section = {
  title: 'The token request: the first is for the POST, the second for the GET',
  call: 'token',
  rows: TOKENS.map((row) => ({ ...row, own: true })),
};

const ANY: Section = {
  title: 'All calls at once',
  call: 'any',
  rows: [
    {
      name: 'maintenance: 503 and a web page',
      then: answer('before', 503, PAGE),
      during: { forMs: 8_000 },
      own: true,
    },
    { name: 'the network is gone', then: drop('before'), own: true },
  ],
};

const SECTIONS = [PLACE, FIND, FIND_IN_DOUBT, TOKEN, ANY];

/** What happens to the first POST on a portal that refuses a second one. */
const TWICE: Section = {
  ...PLACE,
  rows: [
    ...PLACE.rows.filter(({ own }) => own === undefined),
    {
      name: 'the connection is lost, and the order is not found for longer than the window; order taken',
      then: [
        { do: 'hide', forMs: 12_000 },
        { do: 'drop', when: 'after' },
      ],
      options: settlingFor('8s'),
    },
  ],
};
const REFUSALS = ['409', '422'] as const;

function settlingFor(window: string, maximumInterval = '300ms'): PurchaseOptions {
  return { ...QUICK, settling: { initialInterval: '100ms', maximumInterval, window } };
}

type Cell = readonly [call: string, name: string, column: Column, section: Section, row: Row];

function cellsOf(sections: readonly Section[], columns: readonly Column[], isOwn = false): Cell[] {
  return sections.flatMap((section) =>
    section.rows
      .filter(({ own = false }) => own === isOwn)
      .flatMap((row) => columns.map((column) => [section.call, row.name, column, section, row] as const)),
  );
}

/** Portals for purchases that have one of their own, one after the other. */
const OWN = Array.from({ length: 10 }, (_, n) => n);

/** What was seen, for the page: by column, or by how the portal refuses a second POST. */
const stories = new Map<Row, Record<string, string>>();

function tell(row: Row, column: string, story: string): void {
  stories.set(row, { ...stories.get(row), [column]: story });
}

describe('one order, whatever goes wrong', () => {
  const at = useRig(startDevEnvironment, {
    simulator: { secondPost: 'duplicate' },
    portal: { timeouts: TIMEOUTS },
  });
  const rigs = new Map<string | number, Rig>();
  beforeAll(async () => {
    // Before any cell begins: a new worker keeps this process busy, and the portal would answer late.
    for (const status of REFUSALS) rigs.set(status, await startRig(at.env, status));
    for (const n of OWN) rigs.set(n, await startRig(at.env, 'duplicate'));
  });
  afterAll(async () => {
    stranger.close();
    await Promise.all(Array.from(rigs.values(), (rig) => rig.stop()));
  });

  describe('at one call', () => {
    it.concurrent.each(cellsOf(SECTIONS, ['first', 'second']))(
      '%s: %s: %s',
      async (_call, _name, column, section, row) => {
        const purchase = await begin(at.rig, section, row, column);
        await toEnd(purchase);
        const end = await endOf(purchase);
        expect(end).toMatchObject(ONE_ORDER);
        tell(row, column, end.story);
      },
    );
  });

  describe('every time', () => {
    const cells = cellsOf(SECTIONS, ['every time']);
    const begun = new Map<Row, Promise<Purchase>>();

    // Mending is for all purchases at once.
    beforeAll(async () => {
      for (const [, , , section, row] of cells) begun.set(row, beginTroubled(at.rig, section, row));
      await Promise.allSettled(begun.values());
      at.rig.simulator.clearFaults();
    });

    it.concurrent.each(cells)('%s: %s: %s', async (_call, _name, column, _section, row) => {
      const purchase = await begun.get(row);
      if (purchase === undefined) throw new Error('it did not begin');
      await askAgain(purchase);
      await toEnd(purchase);
      const end = await endOf(purchase);
      expect(end).toMatchObject(ONE_ORDER);
      tell(row, column, end.story);
    });
  });

  describe.concurrent.each(OWN)('on a portal of its own (%i)', (n) => {
    const cells = cellsOf(SECTIONS, COLUMNS, true).filter((_, index) => index % OWN.length === n);

    it.sequential.each(cells)('%s: %s: %s', async (_call, _name, column, section, row) => {
      const rig = rigOf(rigs, n);
      rig.simulator.clearFaults();
      const isMended = column === 'every time' && row.during === undefined;
      const purchase = isMended
        ? await beginTroubled(rig, section, row)
        : await begin(rig, section, row, column);
      if (isMended) {
        rig.simulator.clearFaults();
        await askAgain(purchase);
      }
      await toEnd(purchase);
      const end = await endOf(purchase);
      expect(end).toMatchObject(ONE_ORDER);
      tell(row, column, end.story);
    });
  });

  describe.concurrent.each(REFUSALS)('on a portal that answers %s to a second POST', (secondPost) => {
    it.each(cellsOf([TWICE], ['first']))('%s: %s: %s', async (_call, _name, column, section, row) => {
      const purchase = await begin(rigOf(rigs, secondPost), section, row, column);
      await toEnd(purchase);
      const end = await endOf(purchase);
      expect(end).toMatchObject(ONE_ORDER);
      tell(row, secondPost, end.story);
    });
  });

  it('sends nothing to where a redirect leads', () => {
    expect(stranger.requests).toBe(0);
  });

  it('is what docs/faults.md says', async () => {
    await expect(page()).toMatchFileSnapshot('../../docs/faults.md');
  });
});

/** A purchase to which something happens. */
interface Purchase {
  readonly rig: Rig;
  readonly order: Order;
  readonly handle: Handle;
  /** The calls that are its own. */
  readonly calls: () => PortalCall[];
  /** How many faults are to hit it at least. */
  readonly faults: number;
}

async function begin(rig: Rig, section: Section, row: Row, column: Column): Promise<Purchase> {
  const { externalSubscriptionId, ...rest } = anOrder();
  // Another partner needs another token.
  const tradingPartnerId = row.own ? externalSubscriptionId : rest.tradingPartnerId;
  const order = { ...rest, externalSubscriptionId, tradingPartnerId };
  const faults = faultsOf(section, row, column, order);
  const earlier = rig.simulator.journal.length;
  for (const fault of faults) rig.simulator.addFault(fault);
  const handle = await rig.begin(anInput(order, row.options ?? QUICK));
  const calls = (): PortalCall[] =>
    rig.simulator.journal
      .slice(earlier)
      .filter((call) => row.own || call.externalSubscriptionId === externalSubscriptionId);
  return { rig, order, handle, calls, faults: faults.length };
}

function faultsOf({ call }: Section, row: Row, column: Column, { externalSubscriptionId }: Order): Fault[] {
  const { then, skip = 0, also, during } = row;
  const of = row.own ? {} : { externalSubscriptionId };
  const besides = (also?.(column) ?? []).map((fault) => ({ ...fault, ...of }));
  switch (column) {
    case 'first':
      return [{ call, ...of, then, skip }, ...besides];
    case 'second':
      // There is a second POST only where the first one placed no order.
      if (call === 'place') besides.push({ call, ...of, then: drop('before') });
      return [{ call, ...of, then, skip: skip + 1 }, ...besides];
    case 'every time':
      return [{ call, ...of, then, skip, ...(during ? { during } : { times: 'always' }) }, ...besides];
  }
}

async function startRig(
  env: TestWorkflowEnvironment,
  secondPost: NonNullable<SimulatorOptions['secondPost']>,
): Promise<Rig> {
  const rig = await Rig.start(env, { simulator: { secondPost }, portal: { timeouts: TIMEOUTS } });
  // A client that the portal has taken before, whichever purchase comes first.
  await rig.portal.fetchToken('before', SCOPES.read);
  return rig;
}

function rigOf(rigs: ReadonlyMap<string | number, Rig>, name: string | number): Rig {
  const rig = rigs.get(name);
  if (rig === undefined) throw new Error('the rig is there only within a test');
  return rig;
}

const OVER: ReadonlySet<PurchasePhase> = new Set(['Provisioned', 'Failed', 'Cancelled', 'Overdue']);

/** Looks at a purchase, not too often: each look is work for the worker that all share, which may be too busy. */
async function look({ handle }: Purchase): Promise<PurchaseStatus> {
  return eventually(async () => {
    await pause(400);
    return unlessUnanswered(() => handle.query(statusQuery));
  }, MOST_LOOKS);
}

const MOST_LOOKS = 5;

/** A failed call is repeated once before the purchase hears of it: with the third it has heard. */
const ENOUGH = 3;

/** Begins it, and waits until it is parked or has endured enough. */
async function beginTroubled(rig: Rig, section: Section, row: Row): Promise<Purchase> {
  const purchase = await begin(rig, section, row, 'every time');
  await eventually(async () => {
    const met = hitsOf(purchase).filter(({ call }) => section.call === 'any' || call === section.call);
    if (met.length >= ENOUGH) return true;
    const { phase } = await look(purchase);
    return phase === 'ActionRequired' || OVER.has(phase) || undefined;
  });
  return purchase;
}

/** What a person does once the portal is well again. */
async function askAgain(purchase: Purchase): Promise<void> {
  const { phase } = await look(purchase);
  // It may have ended meanwhile, and a parked one is told to retry below.
  if (!OVER.has(phase)) await Promise.allSettled([purchase.handle.signal(pollSignal)]);
}

/** Waits for the end, and retries what is parked. */
async function toEnd(purchase: Purchase): Promise<void> {
  await eventually(async () => {
    const { phase } = await look(purchase);
    if (phase === 'ActionRequired') await purchase.handle.signal(retrySignal);
    return OVER.has(phase) || undefined;
  });
}

/** What became of a purchase, at the portal and for its caller. */
async function endOf(purchase: Purchase) {
  const { rig, order, handle, calls, faults } = purchase;
  const orders = rig.simulator.orders(order.externalSubscriptionId);
  const { outcome, subscriptionNumber } = await handle.result();
  const posts = postsOf(purchase);
  const hits = hitsOf(purchase);
  const story = storyOf(await handle.query(statusQuery), posts);
  const [first, , third] = hits;
  return {
    outcome,
    numbers: orders.map((placed) =>
      placed.subscriptionNumber === subscriptionNumber ? 'its own' : 'another',
    ),
    everyPostComesAfter: [...new Set(callsBeforePosts(purchase))],
    isHitAsPlanned: hits.length >= faults,
    isBounded: calls().length <= MOST_CALLS && posts.length <= MOST_POSTS,
    isPatient: !story.startsWith(WAITED) || !first || !third || third.at - first.at >= PATIENCE_MS,
    story,
  };
}

/** Whatever happened: one order, looked for before each POST, and no storm of calls. */
const ONE_ORDER = {
  outcome: 'Provisioned',
  numbers: ['its own'],
  everyPostComesAfter: ['find'],
  isHitAsPlanned: true,
  isBounded: true,
  isPatient: true,
};

function callsBeforePosts({ calls }: Purchase): (PortalCall['call'] | undefined)[] {
  // A 401 took nothing: the call is repeated at once with a new token.
  const heard = calls().filter(({ call, status }) => call !== 'token' && status !== 401);
  return heard.flatMap(({ call }, n) => (call === 'place' ? [heard[n - 1]?.call] : []));
}

/** Those are parked after three, and one more follows. A 401 is answered with a second try. */
const MOST_POSTS = 5;

/** Polls and looks at intervals of up to half a second, while others are in trouble for half a minute. */
const MOST_CALLS = 60;

/** While there is no order, a portal in trouble is asked again after two seconds, and then less and less. */
const PATIENCE_MS = 2_000;

const WAITED = 'waited';

function hitsOf({ calls }: Purchase): PortalCall[] {
  return calls().filter(({ fault }) => fault !== undefined);
}

function postsOf({ calls }: Purchase): PortalCall[] {
  return calls().filter(({ call }) => call === 'place');
}

/** The purchase's own timeline, in a few words. */
function storyOf({ timeline }: PurchaseStatus, posts: readonly PortalCall[]): string {
  const doubtful = posts.filter(({ status }) => !SURELY_NOT.has(status));
  const words = timeline.flatMap(({ event, detail = '' }) => {
    if (event === 'PortalTrouble') return [WAITED];
    if (event === 'Parked') return [`parked (\`${detail.split(':')[0]}\`)`];
    if (event === 'OrderFound') return ['adopted'];
    return event === 'OrderPlaced' ? [doubtful.length > 1 ? 'placed again' : 'placed'] : [];
  });
  return words.filter((word, n) => word !== words[n - 1]).join(', then ');
}

/** Answers to a POST that say that it was not taken. */
const SURELY_NOT: ReadonlySet<PortalCall['status']> = new Set([401, 403, 409, 422, 429]);

function page(): string {
  const sections = SECTIONS.map(
    ({ title, rows }) => `## ${title}\n\n${tableOf(rows, COLUMNS, (column) => column)}`,
  );
  return `# Faults, one by one

A portal that takes every order it is sent, as often as it is sent, and what goes wrong on the way to it: at the
first such call, at the second, or every time until the portal is mended. Each cell is a purchase that ended as
Completed with exactly one order and the portal's number, that looked for its order before each POST, and that did
not storm the portal. The tests write this page: \`npx vitest run test/integration/fault-matrix.test.ts -u\`.

- **placed**: by the first POST that may have reached the portal. **placed again**: an earlier one had no clear
  answer, and its order did not turn up within the settling window.
- **adopted**: the order was there when the portal was asked.
- **waited**: the portal was asked again later; a failed call that is repeated within seconds is not told.
- **parked**: until a person said \`retry\`.
- The look before the POST finds nothing, and a 404 is a 404 whatever its body.

${sections.join('\n\n')}

## A portal that refuses a second POST

The first POST again, on a portal that answers a second one with a refusal.

${tableOf(TWICE.rows, REFUSALS, (status) => `\`${status}\``)}

## A try that no worker reports

A worker that was killed leaves a try of which nobody says whether it sent the order. So does, now and then, a Temporal
server with too much to do: it counts a task as started that reached no worker (about 5 of 1,000 purchases at once on an
overloaded machine; not reproduced since). Such a try is missed after 20 s without a heartbeat. Then the purchase looks
for the order (\`Confirming\`) for five minutes, in which that try may still send it, and through the settling window, and
only then places it again. Nobody has to do anything.
`;
}

function tableOf(
  rows: readonly Row[],
  columns: readonly string[],
  heading: (column: string) => string,
): string {
  return markdownTable(
    ['what goes wrong', ...columns.map(heading)],
    rows.map((row) => [row.name, ...columns.map((column) => storyIn(row, column))]),
  );
}

function storyIn(row: Row, column: string): string {
  const story = stories.get(row)?.[column];
  if (story === undefined) throw new Error('the page needs every cell: run the whole file');
  return story;
}

interface Stranger {
  readonly requests: number;
  readonly url: string;
  close(): void;
}

/** Another origin on this machine. */
async function startStranger(): Promise<Stranger> {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.end('{}');
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('the server has no port'));
    });
  });
  return {
    get requests() {
      return requests;
    },
    url: `http://127.0.0.1:${port}/`,
    close: () => server.close(),
  };
}
