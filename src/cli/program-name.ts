import { basename, sep } from 'node:path';

const NAME = 'marketplace';

/** What tells how this program was started. */
interface Start {
  readonly env?: NodeJS.ProcessEnv;
  /** The path it was started by. */
  readonly script?: string | undefined;
}

/** How a person calls this program again: `marketplace` where a shell finds it, else through npx. */
export function programName({ env = process.env, script = process.argv[1] }: Start = {}): string {
  const isNpx = env['npm_command'] === 'exec' || env['npm_lifecycle_event'] === 'npx';
  const isLocal = script?.includes(`${sep}node_modules${sep}.bin${sep}`) === true;
  const isInstalled = script !== undefined && basename(script) === NAME;
  return isInstalled && !isNpx && !isLocal ? NAME : `npx ${NAME}`;
}

/** This program, as its hints and examples call it. */
export const PROGRAM = programName();
