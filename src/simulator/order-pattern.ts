/**
 * The orders that a text names: a glob (`*` for any characters, `?` for one), or a regular expression between
 * slashes (`/^EXT-\d+$/`).
 *
 * @throws SyntaxError when it is a regular expression that is none.
 */
export function patternOf(text: string): RegExp {
  const source = /^\/(.+)\/$/s.exec(text)?.[1];
  if (source !== undefined) return new RegExp(source, 'u');
  const glob = text
    .replaceAll(/[\\^$.|+()[\]{}/]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${glob}$`, 'su');
}

export function isPattern(text: string): boolean {
  try {
    return patternOf(text) instanceof RegExp;
  } catch {
    return false;
  }
}
