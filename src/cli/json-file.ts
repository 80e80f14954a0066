import { createReadStream } from 'node:fs';
import { usageError, type CliError } from './errors.js';
import { parseJson } from './parse-json.js';

/** No order or list of faults comes near this, and Temporal takes no payload of twice as much. In bytes. */
const LARGEST = 1_048_576;

const BOMS = [
  { bytes: [0xef, 0xbb, 0xbf], problem: 'begins with a byte order mark (BOM)' },
  { bytes: [0xff, 0xfe], problem: 'is UTF-16' },
  { bytes: [0xfe, 0xff], problem: 'is UTF-16' },
] as const;

/** A file to read. */
interface Source {
  /** `-` for standard input. */
  readonly path: string;
  /** What it should hold, for whoever gives another. */
  readonly expected: string;
}

/** A file as it is called in what is said about it. */
export function fileName(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/**
 * The JSON value in a file, or in standard input.
 *
 * @throws CliError naming the file and what is wrong with it; it quotes nothing of it.
 */
export async function readJsonFile(source: Source): Promise<unknown> {
  return parseJson(decode(await readBytes(source), source), fileName(source.path));
}

async function readBytes({ path, expected }: Source): Promise<Buffer> {
  const name = fileName(path);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // One byte more than allowed shows that there is more, also where a file has no size, such as /dev/zero.
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path, { end: LARGEST })) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      size += bytes.length;
      if (size > LARGEST) throw usageError(`${name}: is larger than 1 MiB`, expected);
    }
  } catch (error) {
    throw unreadable(error, name);
  }
  return Buffer.concat(chunks);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a directory, not a file',
  EACCES: 'may not be read (permission denied)',
  ENAMETOOLONG: 'the name is too long for a file',
};

function unreadable(error: unknown, name: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  return usageError(`${name}: ${REASONS[code] ?? `cannot be read (${code})`}`);
}

function decode(bytes: Buffer, { path, expected }: Source): string {
  const name = fileName(path);
  const bom = BOMS.find((candidate) => candidate.bytes.every((byte, index) => bytes[index] === byte));
  if (bom) throw notText(name, bom.problem);
  if (bytes.includes(0)) throw notText(name, 'is binary, not text');
  const text = decodeUtf8(bytes);
  if (text === undefined) throw notText(name, 'is not UTF-8 text');
  if (text.trim() === '') throw usageError(`${name}: is empty`, expected);
  return text;
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function notText(name: string, problem: string): CliError {
  return usageError(`${name}: ${problem}`, 'Save it as UTF-8 text without a byte order mark.');
}
