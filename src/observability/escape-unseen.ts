/** What JSON lets stand as it is and a terminal or an editor obeys: C1 controls, line separators, turned writing. */
const UNSEEN_IN_JSON = /[\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** JSON that is harmless to look at, with the same meaning. */
export function escapeUnseen(json: string): string {
  return json.replaceAll(
    UNSEEN_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
