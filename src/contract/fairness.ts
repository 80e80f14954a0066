/** What a Temporal server takes for a fairness key, in bytes of UTF-8. */
const LONGEST_KEY = 64;

/**
 * The key by which Temporal shares workers among trading partners, for a workflow's and an activity's `priority`.
 *
 * IDs as GitLab gives them are kept whole. Of a longer one it is the beginning, cut between two characters: two
 * partners that begin alike would then share one partner's turn, and nothing else.
 */
export function fairnessKeyOf(tradingPartnerId: string): string {
  let key = '';
  let bytes = 0;
  for (const character of tradingPartnerId) {
    bytes += bytesOf(character.codePointAt(0) ?? 0);
    if (bytes > LONGEST_KEY) break;
    key += character;
  }
  return key;
}

/** By hand: workflow code has no encoder. */
function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
