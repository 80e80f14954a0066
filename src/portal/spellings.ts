import { stripVTControlCharacters, toUSVString } from 'node:util';

/** Without escape sequences, control, formatting and unpaired characters; every white space is one blank. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
}

/**
 * The values as the portal may write them on one line: as they are, or encoded for a URL, a form or JSON.
 * The longest come first, so that none is found in pieces.
 */
export function spellings(values: readonly string[]): string[] {
  const asWritten = values.flatMap((value) => [value, value.trim()]).flatMap(spellingsOf);
  return [...new Set(asWritten.map(oneLine))]
    .filter((value) => value.length > 1)
    .toSorted((a, b) => b.length - a.length);
}

function spellingsOf(value: string): string[] {
  return [value, ...percentEncoded(value), ...jsonEscaped(value)];
}

function percentEncoded(value: string): string[] {
  const form = new URLSearchParams([['', value]]).toString().slice(1);
  // encodeURIComponent throws at an unpaired surrogate.
  const component = encodeURIComponent(toUSVString(value));
  // RFC 3986 reserves five characters more.
  const strict = component.replaceAll(/[!'()*]/g, (character) => percent(character));
  const upperCase = [form, form.replaceAll('+', '%20'), component, strict];
  return [...upperCase, ...upperCase.map((text) => text.replaceAll(/%[\dA-F]{2}/g, toLowerCase))];
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** As JSON has it, and as JSON libraries that escape more: slashes (PHP), HTML (Rails), all but ASCII (Python). */
function jsonEscaped(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const slashes = json.replaceAll('/', String.raw`\/`);
  const html = json.replaceAll(/[<>&]/g, unicodeEscape);
  return [
    json,
    slashes,
    ...[json, slashes, html].map((text) => text.replaceAll(/[^ -~]/g, unicodeEscape)),
    html,
  ];
}

function unicodeEscape(unit: string): string {
  return String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function toLowerCase(text: string): string {
  return text.toLowerCase();
}
