import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';

const folder = new URL('./histories/', import.meta.url);

const recordSchema = z.object({
  workflowId: z.string(),
  history: z.object({ events: z.array(z.looseObject({ eventType: z.string() })).min(1) }),
});

/** The file names of the histories that were recorded. */
export const HISTORIES = (await readdir(folder)).filter((file) => file.endsWith('.json'));

/** A recorded history, as Temporal's own CLI writes it. */
export async function readHistory(file: string): Promise<z.infer<typeof recordSchema>> {
  return recordSchema.parse(JSON.parse(await readFile(new URL(file, folder), 'utf8')));
}
