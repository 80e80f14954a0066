import { readFileSync } from 'node:fs';

/** A part of a page: its heading, and the commands below it, one list for each fenced block. */
export interface Section {
  readonly heading: string;
  readonly blocks: readonly (readonly string[])[];
}

/** The sections of a page in Markdown whose fenced `sh` blocks have a command on each line. */
export function sectionsOf(file: string): Section[] {
  const page = readFileSync(file, 'utf8');
  return page
    .split(/^## /m)
    .slice(1)
    .map((text) => ({
      heading: text.slice(0, text.indexOf('\n')),
      blocks: [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) =>
        block
          .replaceAll('\\\n', ' ')
          .split('\n')
          .filter((line) => line.trim() !== ''),
      ),
    }));
}
