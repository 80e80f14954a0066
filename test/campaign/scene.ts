import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/index.js';
import {
  purchaseWorkflowId,
  WORKFLOW_TYPE,
  type Order,
  type PurchaseStatus,
} from '../../src/contract/index.js';
import { summaryIn } from '../../src/contract/visibility.js';
import { PortalClient } from '../../src/portal/index.js';
import type { JournalEntry } from '../../src/simulator/journal.js';
import { startSimulator, type Simulator } from '../../src/simulator/index.js';
import { statusQuery } from '../../workflows/messages.js';
import type { PurchaseWorkflow } from '../../workflows/purchase.js';
import { act, answerTo, type Sent } from './act.js';
import { amended, CLIENT, orderOf } from './customer.js';
import { endingOf } from './ending.js';
import type { Evidence, Observation } from './evidence.js';
import { HookedPortal } from './hooked-portal.js';
import type { Action, ClientCall, Intervention, Script } from './script.js';
import { QUEUES, type Performance, type Stage } from './stage.js';
import { wordsIn } from './words.js';

/** Looks at a purchase that goes on before it counts as endless. */
const MOST_STEPS = 1_500;

/** How long a query may take, in milliseconds. */
const ANSWER_MS = 2_000;

/** The same for the last one: the worker may have to replay a long history, on a machine that has more to do. */
const LAST_ANSWER_MS = 30_000;

/**
 * Queries without an answer before the run is given up. The server that skips time refuses a workflow task that
 * cancels an activity which has just ended (`ACTIVITY_UNKNOWN`) and never gives another; real servers do not.
 */
const MOST_SILENT = 2;

/** How long a try to place may be away so that it still may send its POST; the product's limit is 240 s. */
const LONGEST_LATENESS_MS = 200_000;

/** Longer than the simulator ever takes unless it was told to. */
const TIMEOUTS = { connectMs: 2_000, headersMs: 600, bodyMs: 600 };

let count = 0;

interface Played {
  /** What is to be judged; or why there is nothing. */
  readonly evidence: Evidence | LeftOut;
  /** How many orders the portal took. */
  readonly orders: number;
  /** What really was done. */
  readonly happened: readonly string[];
  /** Whether the server's count of what holds its clock may be wrong from now on. */
  readonly isWorn: boolean;
}

/** Why a run is left out: the server that skips time failed in a way that real ones do not, or the portal lied. */
export type LeftOut = "the server's clock was held" | 'the server lost a workflow task' | 'the portal lied';

/** One run of the campaign on the server that skips time. */
export class Scene {
  readonly order: Order;
  readonly workflowId: string;
  readonly #left: Intervention[];
  readonly #leftWhileParked: Action[];
  readonly #calls = new Map<ClientCall, number>();
  readonly #lostTries = new Set<Performance>();
  readonly #sent: Sent[] = [];
  readonly #observations: Observation[] = [];
  readonly #described = new Set<string>();
  readonly #portal: HookedPortal;
  readonly #over = new AbortController();
  #runs = 1;
  #lostWorkers = false;
  /** What really was done. */
  readonly happened: string[] = [];

  private constructor(
    private readonly stage: Stage,
    private readonly script: Script,
    private readonly simulator: Simulator,
  ) {
    count += 1;
    this.order = orderOf(script, `C-${process.pid}-${count}${script.order.idTail}`);
    this.workflowId = purchaseWorkflowId(this.order);
    this.#left = [...script.interventions];
    this.#leftWhileParked = [...script.whileParked];
    this.#portal = new HookedPortal(
      { url: simulator.url, credentials: () => CLIENT, timeouts: TIMEOUTS },
      (call, when) => this.#atCall(call, when),
    );
  }

  /** Plays a script to its end. */
  static async play(stage: Stage, script: Script, { isReplayed = false } = {}): Promise<Played> {
    const { secondPost, tokenLifetimeSeconds, ...progress } = script.portal;
    const simulator = await startSimulator({
      clients: [CLIENT],
      now: () => stage.clock.now(),
      progress,
      secondPost,
      tokenLifetimeSeconds,
    });
    const scene = new Scene(stage, script, simulator);
    try {
      const evidence = await scene.#play(isReplayed);
      const isWorn = scene.#lostWorkers || (typeof evidence === 'string' && evidence !== 'the portal lied');
      return { evidence, orders: scene.numbers.length, happened: scene.happened, isWorn };
    } finally {
      stage.activities = undefined;
      await scene.#portal.close();
      await simulator.close();
    }
  }

  async #play(isReplayed: boolean): Promise<Evidence | LeftOut> {
    const { stage, script, simulator } = this;
    stage.logged.length = 0;
    stage.activities = createActivities(this.#portal);
    if (script.order.isPlaced) await this.#placeBefore();
    for (const fault of script.faults) simulator.addFault(fault);
    await this.start();
    const isLost = await this.#drive().catch((error: unknown) => {
      if (!stage.clock.isHeld) throw error;
    });
    await this.#settle();
    if (stage.clock.isHeld) return "the server's clock was held";
    if (isLost === true) return 'the server lost a workflow task';
    if (simulator.journal.some(isLie)) {
      await this.handle.terminate().catch(() => undefined);
      return 'the portal lied';
    }
    return this.#gather(isReplayed);
  }

  /** The handle of whichever run of the purchase is the latest. */
  get handle(): WorkflowHandle<typeof PurchaseWorkflow> {
    return this.stage.client.workflow.getHandle<typeof PurchaseWorkflow>(this.workflowId);
  }

  get numbers(): string[] {
    return this.simulator.orders().map(({ subscriptionNumber }) => subscriptionNumber);
  }

  async start(): Promise<void> {
    await this.stage.client.workflow.start(WORKFLOW_TYPE, {
      workflowId: this.workflowId,
      taskQueue: this.script.isCached ? QUEUES.cached : QUEUES.uncached,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      args: [{ order: this.order, options: this.script.options }],
    });
  }

  async startAgain(): Promise<void> {
    await this.handle.terminate('the campaign');
    this.#runs += 1;
    const { begun } = this.stage;
    await this.start();
    for (let tries = 0; tries < 500 && this.stage.begun === begun; tries += 1) await pause(2);
  }

  revokeTokens(): void {
    this.simulator.revokeTokens();
  }

  endTroubles(): void {
    this.simulator.clearFaults();
  }

  /** Passes the time, stopping at each call to the portal that is due meanwhile. */
  async jump(ms: number): Promise<void> {
    const until = (await this.stage.clock.now()) + ms;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      await this.#quiet();
      const now = await this.stage.clock.now();
      if (now >= until) return;
      const { phase = 'Placing', nextPollAt } = (await this.#status()) ?? {};
      const next = nextPollAt === undefined ? now : Date.parse(nextPollAt);
      const isWaiting = phase === 'ActionRequired' || !isOpen(phase);
      await this.stage.clock.sleep((isWaiting ? until : Math.min(until, Math.max(next, now + 1_000))) - now);
    }
  }

  async #placeBefore(): Promise<void> {
    const portal = new PortalClient({ url: this.simulator.url, credentials: () => CLIENT });
    await portal.findSubscription(this.order);
    // Whatever is bought: the portal has an order of this ID.
    await portal.placeOrder(this.script.order.product === 'refuse-me' ? amended(this.order) : this.order);
    await portal.close();
  }

  /** Goes on as long as the purchase does; whether the server lost a task of it. */
  async #drive(): Promise<boolean> {
    await this.#dueNow(({ at }) => 'started' in at);
    let idle = 0;
    let silent = 0;
    for (let step = 0; step < MOST_STEPS && !this.#isInVain; step += 1) {
      await this.#quiet();
      const { status, runStatus } = await this.#observe();
      if (runStatus !== 'RUNNING') return false;
      silent = status === undefined ? silent + 1 : 0;
      if (status === undefined) {
        if (silent > (this.#isServersMistake ? 0 : MOST_SILENT)) return true;
        await pause(50);
        continue;
      }
      const { phase, polls } = status;
      if (phase === 'Provisioning') {
        const acted = await this.#dueNow(({ at }) => 'polled' in at && polls >= at.polled);
        if (acted) continue;
      }
      const next = await this.#nextMoment(status);
      const wait = next - (await this.stage.clock.now());
      idle = wait > 0 ? 0 : idle + 1;
      if (phase === 'ActionRequired' && (await this.#actWhileParked())) continue;
      if (idle > 3 && this.#isServersMistake) return true;
      if (wait > 0) await this.#waitFor(wait);
      // A retry of the server's, or a task on its way.
      else if (idle > 2) await this.stage.clock.sleep(Math.min(250 * 2 ** idle, 30_000));
      else await pause(2);
    }
    return false;
  }

  get #isInVain(): boolean {
    return this.stage.clock.isHeld || this.simulator.journal.some(isLie);
  }

  /** Lets the timer go off that the purchase waits for, and waits for the call to the portal that follows. */
  async #waitFor(ms: number): Promise<void> {
    const { begun } = this.stage;
    await this.stage.clock.sleep(ms + 1);
    for (let tries = 0; tries < 100 && this.stage.begun === begun; tries += 1) await pause(2);
    await this.#calm();
  }

  /** Waits until what was begun has been done, and nothing follows from it. */
  async #calm(): Promise<void> {
    let begun: number;
    do {
      begun = this.stage.begun;
      await pause(15);
      await this.#quiet();
    } while (this.stage.begun !== begun);
  }

  /** When the purchase goes on by itself; now, when that is not said. */
  async #nextMoment({ phase, nextPollAt, deadline }: PurchaseStatus): Promise<number> {
    const text = phase === 'ActionRequired' ? deadline : nextPollAt;
    return text === undefined ? 0 : Date.parse(text);
  }

  async #actWhileParked(): Promise<boolean> {
    const action = this.#leftWhileParked.shift();
    if (action === undefined) return false;
    await this.perform(action);
    await this.#calm();
    return true;
  }

  /** Does what is due of what is left to do; whether there was any. */
  async #dueNow(isDue: (intervention: Intervention) => boolean): Promise<boolean> {
    const due = this.#left.filter(isDue);
    for (const intervention of due) this.#left.splice(this.#left.indexOf(intervention), 1);
    for (const { do: action } of due) {
      await this.perform(action);
      await this.#calm();
    }
    return due.length > 0;
  }

  async perform(action: Action): Promise<void> {
    const sent = await act(this, action);
    if (sent !== undefined) this.#sent.push(sent);
    this.happened.push(action.do);
  }

  async #atCall(call: ClientCall, when: 'before' | 'after'): Promise<void> {
    const nth = (this.#calls.get(call) ?? 0) + (when === 'before' ? 1 : 0);
    this.#calls.set(call, nth);
    const due = this.#left.filter(
      ({ at }) => 'call' in at && at.call === call && at.nth === nth && at.when === when,
    );
    for (const intervention of due) this.#left.splice(this.#left.indexOf(intervention), 1);
    for (const { do: action } of due) {
      if (action.do === 'jump') await this.#beAway(action.ms);
      else if (action.do === 'loseWorker') await this.#beLost();
      else await this.perform(action);
    }
  }

  /** The worker is gone for a while, and does not know it. */
  async #beAway(ms: number): Promise<void> {
    const performance = this.stage.performance;
    if (performance === undefined) return;
    this.happened.push('away');
    const isPlacing = performance.activity === 'placeOrder';
    const forMs = isPlacing ? Math.min(ms, LONGEST_LATENESS_MS - performance.awayMs) : ms;
    if (forMs > 0) await this.#away(performance, forMs);
  }

  /** The worker is gone for good. */
  async #beLost(): Promise<void> {
    const performance = this.stage.performance;
    if (performance === undefined) return;
    this.happened.push('loseWorker');
    const leftMs = performance.givenUpMs + 1_000 - performance.awayMs;
    if (leftMs > 0) await this.#away(performance, leftMs);
    performance.isAway = true;
    await once(this.#over.signal, 'abort');
    throw new Error('this worker was lost');
  }

  async #away(performance: Performance, ms: number): Promise<void> {
    const { clock, isQuiet } = this.stage;
    performance.isAway = true;
    this.#lostWorkers = true;
    const untilGivenUp = Math.max(0, performance.givenUpMs + 1_000 - performance.awayMs);
    const within = Math.min(ms, untilGivenUp);
    const isGivenUp = performance.awayMs + ms > performance.givenUpMs;
    if (isGivenUp && performance.activity === 'placeOrder') this.#lostTries.add(performance);
    while (!isQuiet()) await pause(1);
    if (within > 0) await clock.sleepWithin(within);
    performance.awayMs += ms;
    await clock.sleepAfter(ms - within, isQuiet);
    performance.isAway = false;
  }

  /** Waits until nothing goes on, so that the clock moves only when all wait for it. */
  async #quiet(): Promise<void> {
    for (let tries = 0; tries < 10_000 && !this.stage.isQuiet(); tries += 1) await pause(1);
  }

  async #observe(): Promise<{ status: PurchaseStatus | undefined; runStatus: string }> {
    const ordersBefore = this.numbers.length;
    const status = await this.#status();
    const isWaiting = status !== undefined && isOpen(status.phase) && status.phase !== 'ActionRequired';
    const description = isWaiting ? undefined : await this.handle.describe();
    if (description !== undefined) this.#described.add(wordsIn(description.raw));
    if (status !== undefined) {
      const summary = summaryIn(description?.memo);
      this.#observations.push({ status, summary, ordersBefore, ordersAfter: this.numbers });
    }
    return { status, runStatus: description?.status.name ?? 'RUNNING' };
  }

  get #isServersMistake(): boolean {
    return this.stage.logged.some((line) => line.includes('ACTIVITY_UNKNOWN'));
  }

  async #status(withinMs = ANSWER_MS): Promise<PurchaseStatus | undefined> {
    const { connection } = this.stage;
    try {
      return await connection.withDeadline(Date.now() + withinMs, () => this.handle.query(statusQuery));
    } catch {
      return undefined;
    }
  }

  /** The purchase is over: those who come late come now, and nobody is waited for any longer. */
  async #settle(): Promise<void> {
    const { clock } = this.stage;
    if (!clock.isHeld) await this.#quiet();
    this.#over.abort();
    for (let tries = 0; tries < 5_000 && !this.stage.isEmpty && !clock.isHeld; tries += 1) await pause(1);
  }

  async #gather(isReplayed: boolean): Promise<Evidence> {
    const { simulator, script } = this;
    const journal = structuredClone([...simulator.journal]);
    const answers = await Promise.all(this.#sent.map((sent) => answerTo(sent, this)));
    const history = await this.handle.fetchHistory();
    const replayError = isReplayed ? await this.#replay(history) : undefined;
    const ending = await endingOf(this.handle, await this.#status(LAST_ANSWER_MS));
    return {
      script,
      journal,
      orders: simulator.orders(),
      portalStatus: await this.#portalStatus(),
      heard: this.#portal.heard,
      observations: this.#observations,
      answers,
      ending,
      lostTries: this.#lostTries.size,
      runs: this.#runs,
      texts: new Map([
        ['history', wordsIn(history)],
        ['description', [...this.#described].join('\n')],
        ['log', this.stage.logged.join('\n')],
      ]),
      secrets: [CLIENT.clientSecret, encodeURIComponent(CLIENT.clientSecret), ...simulator.issuedTokens()],
      ...(replayError !== undefined && { replayError }),
    };
  }

  async #replay(history: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): Promise<string | undefined> {
    try {
      await Worker.runReplayHistory({ workflowBundle: this.stage.workflowBundle }, history, this.workflowId);
      return undefined;
    } catch (error) {
      return `the history does not replay: ${String(error)}`;
    }
  }

  async #portalStatus(): Promise<string | undefined> {
    const portal = new PortalClient({ url: this.simulator.url, credentials: () => CLIENT });
    this.simulator.clearFaults();
    try {
      return (await portal.findSubscription(this.order))?.status;
    } finally {
      await portal.close();
    }
  }
}

function isOpen(phase: PurchaseStatus['phase']): boolean {
  return (
    phase === 'Placing' || phase === 'Confirming' || phase === 'Provisioning' || phase === 'ActionRequired'
  );
}

/** Against a portal that says 201 and took nothing, such as to a call without a good token, there is no help. */
function isLie({ call, status, fault, committed }: JournalEntry): boolean {
  return (
    call === 'place' && status === 201 && committed !== true && fault?.includes('answer 201 after') === true
  );
}
