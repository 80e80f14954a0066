import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadKeyRing } from '../src/codec/index.js';
import { buyAll, type Load } from './buy.js';
import { startStage, type Stage } from './stage.js';
import { quantile } from './statistics.js';
import { variantOf, variants, type Variant } from './variants.js';

// `npm run bench`: the same purchases through workers that are set up in different ways, in turns, so that what else
// the machine does meets all of them. Only the ratios within one run mean something.

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));
const KEYS = JSON.stringify({ keys: [{ id: 'bench', key: randomBytes(32).toString('base64') }] });
/** Purchases that fill caches and fetch tokens before the clock runs. */
const WARM_UP = 10;

/** What one turn of a variant came to. */
interface Turn {
  readonly variant: Variant;
  readonly round: number;
  readonly perSecond: number;
  readonly numberP95Ms: number;
}

const { values } = parseArgs({
  options: {
    purchases: { type: 'string', default: '150' },
    width: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '3' },
    variants: { type: 'string', default: variants().join(',') },
  },
});
const [count, width, rounds] = [values.purchases, values.width, values.rounds].map(Number);
if (!count || !width || !rounds)
  throw new RangeError('--purchases, --width and --rounds are numbers from 1 on');
const wanted = new Set<Variant>(['defaults', ...values.variants.split(',').map(variantOf)]);

const turns: Turn[] = [];
const stage = await startStage();
try {
  for (let round = 1; round <= rounds; round += 1) {
    for (const variant of wanted) turns.push(await turnOf(stage, variant, round));
  }
} finally {
  await stage.stop();
}
report();

async function turnOf(scene: Stage, variant: Variant, round: number): Promise<Turn> {
  const taskQueue = `bench-${variant}-${round}`;
  const keys = variant === 'encrypted' ? { MARKETPLACE_CODEC_KEYS: KEYS } : {};
  const worker = await scene.startWorker(WORKER, {
    MARKETPLACE_TASK_QUEUE: taskQueue,
    BENCH_VARIANT: variant,
    ...keys,
  });
  const load = (name: string, purchases: number): Load => ({
    simulator: scene.simulator,
    purchases: scene.purchases(taskQueue, loadKeyRing(keys)),
    name: `${taskQueue}-${name}`,
    count: purchases,
    width: width ?? 1,
  });
  await buyAll(load('warm', WARM_UP));
  const startedAt = performance.now();
  const taken = await buyAll(load('run', count ?? 1));
  const seconds = (performance.now() - startedAt) / 1_000;
  await worker.stop();
  const numberP95Ms = quantile(
    taken.map(({ numberMs }) => numberMs),
    0.95,
  );
  const turn = { variant, round, perSecond: taken.length / seconds, numberP95Ms };
  console.log(`round ${round}, ${variant}: ${inWords(turn)}`);
  return turn;
}

function inWords({ perSecond, numberP95Ms }: Pick<Turn, 'perSecond' | 'numberP95Ms'>): string {
  return `${perSecond.toFixed(1)} purchases a second, p95 to number ${numberP95Ms.toFixed(0)} ms`;
}

/** The median over the rounds of each variant's ratio to the defaults of the same round. */
function report(): void {
  console.log(
    `\n${count} purchases, ${width} at once, ${rounds} rounds; beside the defaults of the same round:`,
  );
  for (const variant of wanted) {
    const ratios = turns.flatMap((turn) => {
      const base = turns.find(({ variant: other, round }) => other === 'defaults' && round === turn.round);
      if (turn.variant !== variant || base === undefined) return [];
      return [[turn.perSecond / base.perSecond, turn.numberP95Ms / base.numberP95Ms] as const];
    });
    const [speed, latency] = ([0, 1] as const).map((index) =>
      quantile(
        ratios.map((ratio) => ratio[index]),
        0.5,
      ).toFixed(2),
    );
    console.log(`${variant}: ${speed} × the purchases a second, ${latency} × the p95 to number`);
  }
}
