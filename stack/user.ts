import { execFileSync } from 'node:child_process';
import { StackError } from './errors.js';

/** A user of this machine, as `spawn` and `chown` take one. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who runs PostgreSQL, which refuses to be run by root: then the user that Debian's package made for it, else nobody.
 *
 * @returns `undefined` when it is whoever runs this.
 */
export function databaseUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const user = userNamed('postgres') ?? userNamed('nobody');
  if (user === undefined) {
    throw new StackError(
      'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" here.',
    );
  }
  return user;
}

function userNamed(name: string): User | undefined {
  const id = (flag: '-u' | '-g') =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}
