import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scripts } from './arbitraries.js';
import { playEnsemble } from './ensemble.js';
import { ensembles } from './ensemble-script.js';
import type { Evidence } from './evidence.js';
import { violationsOf } from './invariants.js';
import { describeFailure } from './report.js';
import { Scene } from './scene.js';
import type { Script } from './script.js';
import { Stage } from './stage.js';
import { Tally } from './tally.js';

/** Set by run.mjs; without it, `npm test` plays a small share that is always the same. */
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

/** Faults that nobody thought of: random purchases, portals and messages, and what must hold of all of them. */
describe('a campaign on a server that skips time', () => {
  let stage: Stage;
  const tally = new Tally();
  let played = 0;

  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(async () => {
    await stage?.close();
  });

  /** Plays a script; the evidence when it violates something. */
  async function violated(script: Script): Promise<[Evidence, string[]] | undefined> {
    played += 1;
    const { evidence, happened, isWorn } = await Scene.play(stage, script, {
      isReplayed: played % REPLAYED === 1,
    });
    tally.add(evidence, happened);
    if (isWorn) {
      await stage.close();
      stage = await Stage.open();
    }
    if (played % 50 === 0 && process.env['CAMPAIGN_RUNS'] !== undefined) console.log(`${played} runs`);
    const violations = evidence === undefined ? [] : violationsOf(evidence);
    return evidence === undefined || violations.length === 0 ? undefined : [evidence, violations];
  }

  it.skipIf(SCRIPT !== undefined)(
    `${RUNS} random purchases keep every promise (seed ${SEED})`,
    { timeout: RUNS * RUN_MS + SHRINKING_MS + 60_000 },
    async () => {
      let smallest: readonly [Evidence, string[]] | undefined;
      let shrinksUntil = Infinity;
      const property = fc.asyncProperty(scripts, async (script) => {
        // Out of time, nothing smaller is found any more.
        if (Date.now() > shrinksUntil) return;
        const found = await violated(script).catch((error: unknown) => {
          shrinksUntil = Date.now();
          throw new Error(`The campaign failed at ${JSON.stringify(script)}`, { cause: error });
        });
        if (found === undefined) return;
        if (smallest === undefined) shrinksUntil = Date.now() + SHRINKING_MS;
        smallest = found;
        throw new Error('violated');
      });
      const began = Date.now();
      const details = await fc.check(property, {
        numRuns: RUNS,
        seed: SEED,
        ...(PATH !== undefined && { path: PATH }),
      });
      const seconds = (Date.now() - began) / 1_000;
      if (process.env['CAMPAIGN_RUNS'] !== undefined) {
        console.log(
          `seed ${SEED}: ${played} runs in ${seconds.toFixed(0)} s, ${(played / seconds).toFixed(1)} a second\n${tally.toString()}`,
        );
      }
      const from = `After ${details.numRuns} runs: seed ${SEED}, path ${details.counterexamplePath}.`;
      const report = smallest === undefined ? '' : describeFailure(...smallest, from);
      expect(report).toBe('');
      // Not the purchase but the campaign itself failed.
      if (details.errorInstance !== null) throw details.errorInstance;
    },
  );

  it.runIf(SCRIPT !== undefined)(
    'a script that is played again keeps every promise',
    async () => {
      const script: Script = JSON.parse(await readFile(SCRIPT ?? '', 'utf8'));
      const found = await violated(script);
      expect(found === undefined ? '' : describeFailure(...found, `From ${SCRIPT}.`)).toBe('');
    },
    120_000,
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
          if (violations.length > 0) failures.push(describeFailure(evidence, violations, `Seed ${SEED}.`));
        }
        const report =
          failures.length === 0 ? '' : [...failures, `In ${JSON.stringify(ensemble)}`].join('\n\n');
        expect(report).toBe('');
      }
      if (process.env['CAMPAIGN_RUNS'] !== undefined)
        console.log(`${ENSEMBLES} ensembles\n${tally.toString()}`);
    },
  );
});
