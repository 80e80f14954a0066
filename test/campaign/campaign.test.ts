import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scripts } from './arbitraries.js';
import { playEnsemble } from './ensemble.js';
import { ensembles } from './ensemble-script.js';
import { violationsOf } from './invariants.js';
import { describeFailure, type Verdict } from './report.js';
import { Scene } from './scene.js';
import type { Script } from './script.js';
import { Stage } from './stage.js';
import { Tally } from './tally.js';

/** Set by run.mjs; without it, `npm test` plays a small share that is always the same. */
const IS_ASKED_FOR = process.env['CAMPAIGN_RUNS'] !== undefined;
const RUNS = Number(process.env['CAMPAIGN_RUNS'] ?? 60);
const SEED = Number(process.env['CAMPAIGN_SEED'] ?? 20_261_122);
const PATH = process.env['CAMPAIGN_PATH'];
const SCRIPT = process.env['CAMPAIGN_SCRIPT'];

/** What a run may take on a busy machine, in milliseconds. */
const RUN_MS = 10_000;

/** How long a failing script is made smaller, in milliseconds. */
const SHRINKING_MS = 240_000;

/** Every so many runs, the history is replayed. */
const REPLAYED = 10;

const progress = (text: string): void => {
  if (IS_ASKED_FOR) console.log(text);
};

/** Faults that nobody thought of: random purchases, portals and messages, and what must hold of all of them. */
describe('a campaign on a server that skips time', () => {
  let stage: Stage;
  const tally = new Tally();
  let counted = 0;

  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(async () => {
    await stage?.close();
  });

  /** Plays a script, and judges it; nothing when there is nothing to be judged. */
  async function play(script: Script): Promise<Verdict | undefined> {
    const { evidence, orders, happened, isWorn } = await Scene.play(stage, script, {
      isReplayed: counted % REPLAYED === 0,
    });
    if (isWorn) {
      await stage.close();
      stage = await Stage.open();
    }
    if (typeof evidence === 'string') {
      tally.leaveOut(evidence);
      if (orders > 1) throw new Error(`${orders} orders exist, although ${evidence}`);
      return undefined;
    }
    counted += 1;
    tally.add(evidence, happened);
    if (counted % 50 === 0) progress(`${counted} runs`);
    return { evidence, violations: violationsOf(evidence) };
  }

  /** Plays random scripts until one violates something; what then is to be told. */
  async function search(): Promise<string> {
    let smallest: Verdict | undefined;
    let shrinksUntil = Infinity;
    const property = fc.asyncProperty(scripts, async (script) => {
      // Out of time, nothing smaller is found any more.
      if (Date.now() > shrinksUntil) return;
      const verdict = await play(script).catch((error: unknown) => {
        shrinksUntil = Date.now();
        throw new Error(`The campaign failed at ${JSON.stringify(script)}`, { cause: error });
      });
      // One that is left out does not count: another is made up in its place.
      fc.pre(verdict !== undefined);
      if (verdict.violations.length === 0) return;
      if (smallest === undefined) shrinksUntil = Date.now() + SHRINKING_MS;
      smallest = verdict;
      throw new Error('violated');
    });
    const began = Date.now();
    const details = await fc.check(property, {
      numRuns: RUNS,
      seed: SEED,
      ...(PATH !== undefined && { path: PATH }),
    });
    const seconds = (Date.now() - began) / 1_000;
    progress(`seed ${SEED}: ${counted} runs in ${seconds.toFixed(0)} s, ${details.numSkips} left out`);
    progress(tally.toString());
    const from = `After ${details.numRuns} runs: seed ${SEED}, path ${details.counterexamplePath}.`;
    if (smallest !== undefined) return describeFailure(smallest, from);
    // Not the purchase but the campaign itself failed.
    if (details.failed) throw details.errorInstance ?? new Error('almost every run was left out');
    return '';
  }

  async function playAgain(file: string): Promise<string> {
    const script: Script = JSON.parse(await readFile(file, 'utf8'));
    const verdict = await play(script);
    if (verdict === undefined) return `It was left out:\n${tally.toString()}`;
    return verdict.violations.length > 0 ? describeFailure(verdict, `From ${file}.`) : '';
  }

  it(
    `${SCRIPT ?? `${RUNS} random purchases`} keep every promise (seed ${SEED})`,
    async () => {
      const report = await (SCRIPT === undefined ? search() : playAgain(SCRIPT));
      expect(report).toBe('');
    },
    RUNS * RUN_MS + SHRINKING_MS + 60_000,
  );

  it('no metric tells a secret', async () => {
    const metrics = await stage.metrics();
    expect(metrics).toContain('temporal_');
    expect(metrics).not.toMatch(/hush|Bearer|Quillonia|leak\.example/i);
  });
});

/** Twenty purchases each; there is one for every four hundred runs. */
const ENSEMBLES = Math.max(1, Math.round(RUNS / 400));

describe.skipIf(SCRIPT !== undefined)('a campaign on a real server', () => {
  it(
    `${ENSEMBLES} times 20 purchases at once keep every promise, whoever is killed (seed ${SEED})`,
    { timeout: ENSEMBLES * 180_000 },
    async () => {
      const tally = new Tally();
      for (const ensemble of fc.sample(ensembles, { numRuns: ENSEMBLES, seed: SEED })) {
        const failures: string[] = [];
        for (const evidence of await playEnsemble(ensemble)) {
          tally.add(evidence, []);
          const violations = violationsOf(evidence);
          // What depends on real time does the same again only by chance: nothing is made smaller.
          if (violations.length > 0)
            failures.push(describeFailure({ evidence, violations }, `Seed ${SEED}.`));
        }
        const report =
          failures.length === 0 ? '' : [...failures, `In ${JSON.stringify(ensemble)}`].join('\n\n');
        expect(report).toBe('');
      }
      progress(`${ENSEMBLES} ensembles\n${tally.toString()}`);
    },
  );
});
