/** More are not suggested. */
const MOST = 3;
/** So many letters may be wrong. */
const MOST_TYPOS = 2;

/** Those of the known words that may have been meant by one that is none of them, the nearest first. */
export function similarTo(word: string, known: Iterable<string>): string[] {
  return [...new Set(known)]
    .map((candidate) => ({ candidate, typos: typosBetween(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, typos }) => typos <= MOST_TYPOS || isBeginning(word, candidate))
    .toSorted((one, other) => one.typos - other.typos)
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}

function isBeginning(word: string, candidate: string): boolean {
  return word.length > 2 && candidate.startsWith(word);
}

/** How many letters must be put in, left out or changed (Levenshtein); lengths far apart are not looked into. */
function typosBetween(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > MOST_TYPOS) return Number.POSITIVE_INFINITY;
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const changed = (previous[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      const left = (previous[column] ?? 0) + 1;
      const put = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(changed, left, put));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
