import type { DataFolder } from './folder.js';
import type { DatabaseAddress } from './postgres.js';
import { Service } from './service.js';
import { DATABASES } from './temporal-config.js';

/** Where the schema tool keeps the schema of each database, by name. */
const SCHEMAS = {
  [DATABASES.main]: 'postgresql/v12/temporal',
  [DATABASES.visibility]: 'postgresql/v12/visibility',
} as const;

/**
 * Brings both databases to the schema of this version of the server; makes them where there are none.
 *
 * @param tool the path of Temporal's schema tool.
 * @throws StackError with what the tool said.
 */
export async function bringSchema(
  tool: string,
  database: DatabaseAddress,
  folder: DataFolder,
): Promise<void> {
  const run = (name: string, ...args: readonly string[]) =>
    Service.run({
      name: "Temporal's schema tool",
      command: tool,
      args: ['--plugin', 'postgres12', '--db', name, ...args],
      env: {
        SQL_HOST: database.host,
        SQL_PORT: String(database.port),
        SQL_USER: database.user,
        SQL_PASSWORD: database.password,
      },
      logFile: folder.logFile('schema'),
    });
  const { isNew, done } = folder.milestone('schema');
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    if (isNew) {
      await run(name, 'create');
      await run(name, 'setup-schema', '-v', '0.0');
    }
    await run(name, 'update-schema', '--schema-name', schema);
  }
  done();
}
