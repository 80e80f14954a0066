import { readFileSync } from 'node:fs';
import { CredentialsFileError } from './last-good.js';

/** The secret in a file, without the end of line that editors add. @throws CredentialsFileError */
export function secretInFile(path: string): string {
  return textIn(path).replace(/\r?\n$/, '');
}

/** A file's text. @throws CredentialsFileError */
export function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new CredentialsFileError([`cannot be read (${code})`]);
  }
}

/** Why a text is no ID or secret that GitLab gives; `undefined` when it may be one. */
export function flawOf(value: string): string | undefined {
  if (value.trim() === '') return 'is blank';
  if (value !== value.trim()) return 'starts or ends with a space; GitLab names that as a usual mistake';
  return undefined;
}
