/** What the program's exit code says. Scripts rely on these numbers. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  failed: 3,
  notFound: 4,
  pending: 5,
  tooLate: 6,
  unreachable: 7,
  unhealthy: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done; for demo, watch and purchase --wait: provisioned',
  unexpected: 'an unexpected error',
  usage: 'wrong usage, order, options or configuration: nothing was sent',
  failed: 'the purchase ended without a license: refused, failed, overdue, cancelled or stopped',
  notFound: 'no such purchase; for cancel, retry and amend also: it has ended',
  pending:
    'not yet: parked for a person, still under way, or no worker answered; for retry --all: some not asked',
  tooLate: 'too late to cancel: the order exists and stands',
  unreachable: 'the Temporal server (or the simulator) cannot be reached, or refuses',
  unhealthy: 'doctor found something bad',
  interrupted: 'interrupted by Ctrl-C',
};

const NAMES = [
  'ok',
  'unexpected',
  'usage',
  'failed',
  'notFound',
  'pending',
  'tooLate',
  'unreachable',
  'unhealthy',
  'interrupted',
] as const;

/** The exit codes for the help. */
export function exitCodesHelp(): string {
  const lines = NAMES.map((name) => `  ${String(EXIT[name]).padEnd(5)}${MEANINGS[name]}`);
  return ['Exit codes:', ...lines].join('\n');
}
