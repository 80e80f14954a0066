import { oneLine } from '../sanitize.js';
import { bad, good, notChecked, warn, type CheckName, type Finding } from './finding.js';
import { askWorker, type WorkerAnswer, type WorkerStatus } from './worker-status.js';

const CHECKS = ['portal calls', 'circuit', 'pauses', 'credentials'] as const satisfies readonly CheckName[];

type Found = Omit<Finding, 'check'>;

/** More workers are not asked, and more partners not named. */
const MOST_WORKERS = 50;
const MOST_NAMED = 5;

/**
 * What workers say of themselves: how their calls to the portal stand (rate, circuit, pauses), and whether they can read
 * their credentials.
 *
 * @param workers where their health servers are; by default the one that is configured here.
 */
export async function checkWorkers(
  env: NodeJS.ProcessEnv,
  workers: readonly string[] = [],
): Promise<Finding[]> {
  const own = env['MARKETPLACE_HEALTH_ADDRESS'];
  const asked = workers.length > 0 ? workers : own ? [own] : [];
  if (asked.length === 0) {
    const reason = notChecked('MARKETPLACE_HEALTH_ADDRESS is not set here; name workers with --worker');
    return CHECKS.map((check) => ({ check, ...reason }));
  }
  const answers = await Promise.all(asked.slice(0, MOST_WORKERS).map(askWorker));
  const heard = answers.flatMap((answer) => ('status' in answer ? answer.status : []));
  if (heard.length === 0) {
    return [
      { check: 'portal calls', ...unheard(answers) },
      ...CHECKS.slice(1).map((check) => ({ check, ...notChecked('no worker answered') })),
    ];
  }
  return [
    { check: 'portal calls', ...(heard.length < answers.length ? unheard(answers) : calls(heard)) },
    { check: 'circuit', ...circuit(heard) },
    { check: 'pauses', ...pauses(heard) },
    { check: 'credentials', ...credentials(heard) },
  ];
}

function unheard(answers: readonly WorkerAnswer[]): Found {
  const problems = answers.flatMap((answer) => ('problem' in answer ? `${answer.at} ${answer.problem}` : []));
  return bad(
    problems.join('; '),
    'Give the address that the worker has as MARKETPLACE_HEALTH_ADDRESS. It may have stopped: see its log.',
  );
}

function calls(heard: readonly WorkerStatus[]): Found {
  const rates = new Set(heard.map(({ traffic }) => traffic.rate?.fleet));
  if (rates.size > 1) {
    const all = [...rates].map((rate) => (rate === undefined ? 'none' : String(rate)));
    return warn(
      `the workers have different limits: ${all.join(', ')} calls a second`,
      'Set MARKETPLACE_PORTAL_RATE alike for all workers: each takes its part of what it is told.',
    );
  }
  const most = Math.max(...heard.map(({ traffic }) => traffic.rate?.workers || Infinity));
  if (heard.length > most) {
    return warn(
      `${heard.length} workers answer, but they know of ${most} only: together they call more often than the rate says`,
      'See in their logs why they cannot be counted. Until they can, set MARKETPLACE_PORTAL_RATE divided by their number.',
    );
  }
  const waiting = heard.reduce((sum, { traffic }) => sum + traffic.waiting, 0);
  return good(`${limitOf(heard[0])}; ${waiting} ${waiting === 1 ? 'call waits' : 'calls wait'}`);
}

function limitOf(status: WorkerStatus | undefined): string {
  const rate = status?.traffic.rate;
  if (rate === undefined) return 'no limit is set (MARKETPLACE_PORTAL_RATE)';
  if (rate.workers === 0) return `at most ${rate.fleet} a second; the worker's share is not known yet`;
  const own = Number(rate.own.toPrecision(3));
  return rate.workers === 1
    ? `at most ${rate.fleet} a second, all by one worker`
    : `at most ${rate.fleet} a second, of which each of ${rate.workers} workers takes ${own}`;
}

function circuit(heard: readonly WorkerStatus[]): Found {
  const namesIn = (...states: string[]) =>
    heard
      .filter(({ traffic }) => states.includes(traffic.circuit))
      .map(({ worker }) => oneLine(worker.identity));
  const open = namesIn('open', 'probing');
  if (open.length > 0) {
    return warn(
      `the portal is down for ${named(open)}: it is called now and then only`,
      'Purchases wait, and go on by themselves when it is back. If it lasts, ask GitLab; check the network from there.',
    );
  }
  const ramping = namesIn('ramping');
  if (ramping.length > 0)
    return good(`the portal is back for ${named(ramping)}; the calls come back little by little`);
  return good('closed: the portal is called as usual');
}

function pauses(heard: readonly WorkerStatus[]): Found {
  const until = new Map<string, string>();
  for (const { tradingPartnerId, until: end } of heard.flatMap(({ traffic }) => traffic.paused)) {
    if (end > (until.get(tradingPartnerId) ?? '')) until.set(tradingPartnerId, end);
  }
  if (until.size === 0) return good('the portal asked for none');
  const partners = [...until].map(
    ([partner, end]) => `${oneLine(partner)}, and all that share its client, until ${oneLine(end)}`,
  );
  return warn(
    `the portal asked for a pause: ${named(partners)}`,
    'Their purchases go on by themselves afterwards. If it happens often, lower MARKETPLACE_PORTAL_RATE.',
  );
}

function credentials(heard: readonly WorkerStatus[]): Found {
  const old = heard.filter((status) => status.credentials === 'unreadable');
  if (old.length === 0) return good('the workers read them as they are now');
  return warn(
    `they cannot be read as they are now by ${named(old.map(({ worker }) => oneLine(worker.identity)))}: what was read before is used`,
    'Their logs say why (Credentials cannot be read). Mend the file: it is read anew, without a restart. Until then a changed secret is not known there.',
  );
}

function named(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}
