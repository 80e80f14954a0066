/** All that can be read in an answer of Temporal's: every text, and every payload as the text that it encodes. */
export function wordsIn(value: unknown): string {
  const words: string[] = [];
  collect(value, words);
  return words.join('\n');
}

function collect(value: unknown, words: string[]): void {
  if (typeof value === 'string') words.push(value);
  else if (value instanceof Uint8Array) words.push(Buffer.from(value).toString('utf8'));
  else if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) collect(each, words);
  }
}
