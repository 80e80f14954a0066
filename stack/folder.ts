import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { User } from './user.js';

/** Where a stack keeps all that is its own: the database, generated configurations and secrets, logs. */
export class DataFolder {
  constructor(readonly path: string) {
    mkdirSync(path, { recursive: true });
    // PostgreSQL may be run by another user, who has to come through to a folder inside, and reads nothing else.
    chmodSync(path, 0o711);
    for (const inside of ['config', 'logs', 'secrets']) this.folder(inside);
  }

  /** A folder inside that only its owner may enter. */
  folder(name: string, owner?: User): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
    return path;
  }

  logFile(name: string): string {
    return join(this.path, 'logs', `${name}.log`);
  }

  /** Writes a configuration file. JSON is YAML, too: what reads either reads this. */
  config(name: string, content: unknown): string {
    const path = join(this.path, 'config', name);
    writeFileSync(path, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
    return path;
  }

  /** Something that is done once for each folder. */
  milestone(name: string): { readonly isNew: boolean; readonly done: () => void } {
    const path = join(this.path, 'config', `${name}-done`);
    return { isNew: !existsSync(path), done: () => writeFileSync(path, '') };
  }

  secretPath(name: string): string {
    return join(this.path, 'secrets', name);
  }

  /** A file with a secret: the one that is there, else a new one. */
  secret(name: string, make: () => string = randomSecret): { readonly path: string; readonly value: string } {
    const path = this.secretPath(name);
    if (!existsSync(path)) writeFileSync(path, make(), { mode: 0o600 });
    return { path, value: readFileSync(path, 'utf8') };
  }
}

function randomSecret(): string {
  return randomBytes(24).toString('base64url');
}
