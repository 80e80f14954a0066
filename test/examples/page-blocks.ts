import { readFileSync } from 'node:fs';

/** A block of shell lines on a page. */
export interface PageBlock {
  /** The heading it stands under, or nothing before the first. */
  readonly heading: string;
  readonly lines: string;
}

/** The shell blocks of a Markdown page, in their order. */
export function shellBlocks(page: URL): PageBlock[] {
  const blocks: PageBlock[] = [];
  let heading = '';
  for (const part of readFileSync(page, 'utf8').matchAll(/^## (.*)$|^```sh\n([\s\S]*?)^```$/gm)) {
    if (part[1] !== undefined) heading = part[1];
    else blocks.push({ heading, lines: part[2] ?? '' });
  }
  return blocks;
}
