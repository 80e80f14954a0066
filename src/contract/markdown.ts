/**
 * Foreign words in Markdown: as code, on one line. Whatever they hold, they are never read as Markdown.
 */
export function markdownCode(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}\``;
}

/** A sentence of ours, in which foreign words stand: Markdown in them is text. */
export function markdownText(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>]/g, String.raw`\$&`);
}
