import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LOOPBACK } from '../src/temporal/ports.js';
import { StackError } from './errors.js';
import type { DataFolder } from './folder.js';
import { Service } from './service.js';
import { databaseUser, type User } from './user.js';

/** Where Debian's packages keep each version's programs. */
const DEBIAN = '/usr/lib/postgresql';
const OLDEST = 12;
const START_ATTEMPTS = 10;

const NOT_FOUND = `No PostgreSQL ${OLDEST} or later was found in ${DEBIAN} or on PATH: apt-get install postgresql-15`;

/** How to reach the database. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A PostgreSQL server of the stack's own, on loopback, with a password. */
export class Postgres {
  private constructor(
    readonly service: Service,
    readonly address: DatabaseAddress,
    private readonly isReady: () => boolean,
  ) {}

  /**
   * Makes the database's folder, where there is none yet, and starts the server.
   *
   * @throws StackError when PostgreSQL is not installed, or does not start.
   */
  static async start(folder: DataFolder, port: number): Promise<Postgres> {
    const programs = programsFolder();
    const user = databaseUser();
    const data = folder.folder('postgres', user);
    const password = folder.secret('postgres-password');
    const address = { host: LOOPBACK, port, user: 'temporal', password: password.value };
    if (!existsSync(join(data, 'PG_VERSION'))) await initialize({ programs, data, user, folder });
    const service = new Service({
      name: 'PostgreSQL',
      command: join(programs, 'postgres'),
      args: ['-D', data, '-p', String(port), ...settings({ listen_addresses: LOOPBACK })],
      logFile: folder.logFile('postgres'),
      user,
    });
    const postgres = new Postgres(service, address, () => takesConnections(programs, address));
    await postgres.startAgain();
    return postgres;
  }

  /** Starts the server where it was. */
  async startAgain(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.service.start();
        return await this.service.until(this.isReady);
      } catch (error) {
        // What a killed server leaves running ends by itself within moments, and until then it does not start.
        if (attempt === START_ATTEMPTS || !this.service.log().includes('shared memory')) throw error;
        await delay(1_000);
      }
    }
  }

  /** Ends it in order: open transactions are rolled back, and everything is on the disk. */
  async stop(): Promise<void> {
    // "Fast shutdown": SIGTERM would wait until every client has gone.
    await this.service.stop('SIGINT', 60_000);
  }
}

/** The newest version that Debian has put here, else that of PATH. */
function programsFolder(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  const newest = Math.max(...versions.filter((version) => version >= OLDEST));
  const debians = join(DEBIAN, String(newest), 'bin');
  if (existsSync(join(debians, 'initdb'))) return debians;
  const onPath = (process.env['PATH'] ?? '').split(':').find((path) => existsSync(join(path, 'initdb')));
  if (onPath === undefined) throw new StackError(NOT_FOUND);
  return onPath;
}

interface Cluster {
  readonly programs: string;
  readonly data: string;
  readonly user: User | undefined;
  readonly folder: DataFolder;
}

async function initialize({ programs, data, user, folder }: Cluster): Promise<void> {
  // For as long as it takes: a file that may be read by the user that makes the database.
  const readable = join(folder.folder('initdb', user), 'password');
  writeFileSync(readable, folder.secret('postgres-password').value, { mode: 0o600 });
  if (user !== undefined) chownSync(readable, user.uid, user.gid);
  await Service.run({
    name: 'initdb',
    command: join(programs, 'initdb'),
    args: [
      '-D',
      data,
      '-U',
      'temporal',
      '-E',
      'UTF8',
      '--locale=C',
      '-A',
      'scram-sha-256',
      `--pwfile=${readable}`,
    ],
    logFile: folder.logFile('initdb'),
    user,
  });
  rmSync(dirname(readable), { recursive: true });
}

/** No socket in a folder of the system's; and what a server of its own would have on a small machine. */
function settings(changes: Readonly<Record<string, string>>): string[] {
  const all = { unix_socket_directories: '', max_connections: '200', ...changes };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function takesConnections(programs: string, { host, port }: DatabaseAddress): boolean {
  execFileSync(join(programs, 'pg_isready'), ['-q', '-h', host, '-p', String(port)], { stdio: 'ignore' });
  return true;
}
