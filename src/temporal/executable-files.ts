import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** Whether a path leads to a file that this user may run. */
export async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The path of the first executable file with this name on PATH, or `undefined` when there is none. */
export async function onPath(file: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  // A relative entry would make what is run depend on the current folder.
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of folders) {
    const path = join(folder, file);
    if (await isExecutableFile(path)) return path;
  }
  return undefined;
}
