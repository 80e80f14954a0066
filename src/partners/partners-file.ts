import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { Credentials } from '../portal/index.js';
import { CredentialsFileError } from './last-good.js';
import { flawOf, secretInFile, textIn } from './secret.js';

/** One trading partner as the file has it: where its secret is, but not yet what it is. */
export interface Partner {
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly clientSecretEnv?: string | undefined;
}

/** Where the file is, and what its entries refer to. */
export interface PartnersSource {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

const SECRETS = ['clientSecret', 'clientSecretFile', 'clientSecretEnv'] as const;
const ONE_SECRET = `must have exactly one of ${SECRETS.join(', ')}`;

const text = z.string({ error: 'must be a text' }).superRefine((value, context) => {
  const flaw = flawOf(value);
  if (flaw !== undefined) context.addIssue(flaw);
});

// No message repeats what the file has: it could be a secret in a wrong place.
const entrySchema = z
  .strictObject(
    {
      clientId: z.string({ error: 'must be the client ID that GitLab gave you' }).pipe(text),
      clientSecret: text.optional(),
      clientSecretFile: text.optional(),
      clientSecretEnv: text.optional(),
    },
    {
      error: ({ code }) =>
        code === 'unrecognized_keys'
          ? `has a field besides clientId and one of ${SECRETS.join(', ')}`
          : 'must be an object',
    },
  )
  .refine((entry) => SECRETS.filter((name) => entry[name] !== undefined).length === 1, {
    error: ONE_SECRET,
    // Told beside the other mistakes, not after them.
    when: ({ value }) => typeof value === 'object' && value !== null,
  });

const fileSchema = z.strictObject(
  { partners: z.record(z.string(), z.unknown(), { error: 'must be an object' }) },
  { error: 'must be {"partners": {"<tradingPartnerId>": {…}}}' },
);

/**
 * The entries of the partners file as it is now, by trading partner ID; their secrets are not looked at.
 *
 * @throws CredentialsFileError naming every mistake.
 */
export function readPartnersFile({ path }: PartnersSource): ReadonlyMap<string, Partner> {
  const { partners, mistakes } = entriesIn(textIn(path));
  if (mistakes.length > 0) throw new CredentialsFileError(mistakes);
  return partners;
}

/** Reads the partners file and every secret in it. @throws CredentialsFileError naming every mistake. */
export function checkPartnersFile(source: PartnersSource): void {
  const { partners, mistakes } = entriesIn(textIn(source.path));
  for (const [id, partner] of partners) {
    try {
      credentialsIn(id, partner, source);
    } catch (error) {
      if (!(error instanceof CredentialsFileError)) throw error;
      mistakes.push(...error.mistakes);
    }
  }
  if (mistakes.length > 0) throw new CredentialsFileError(mistakes);
}

/** A trading partner's credentials as they are now. @throws CredentialsFileError */
export function credentialsIn(id: string, partner: Partner, source: PartnersSource): Credentials {
  const { clientId, clientSecret, clientSecretFile, clientSecretEnv } = partner;
  const where = `partner ${JSON.stringify(id)}:`;
  if (clientSecret !== undefined) return { clientId, clientSecret };
  if (clientSecretFile !== undefined) {
    const file = resolve(dirname(source.path), clientSecretFile);
    return { clientId, clientSecret: sound(`${where} clientSecretFile`, () => secretInFile(file)) };
  }
  const value = source.env[clientSecretEnv ?? ''];
  if (!value) throw new CredentialsFileError([`${where} clientSecretEnv names a variable that is not set`]);
  return { clientId, clientSecret: sound(`${where} clientSecretEnv: its value`, () => value) };
}

function sound(what: string, read: () => string): string {
  try {
    const secret = read();
    const flaw = flawOf(secret);
    if (flaw === undefined) return secret;
    throw new CredentialsFileError([flaw]);
  } catch (error) {
    if (!(error instanceof CredentialsFileError)) throw error;
    throw new CredentialsFileError(error.mistakes.map((mistake) => `${what} ${mistake}`));
  }
}

function entriesIn(json: string): { partners: Map<string, Partner>; mistakes: string[] } {
  const file = fileSchema.safeParse(parsed(json));
  if (!file.success) throw new CredentialsFileError(file.error.issues.map(({ message }) => message));
  const partners = new Map<string, Partner>();
  const mistakes: string[] = [];
  for (const [id, value] of Object.entries(file.data.partners)) {
    const where = `partner ${JSON.stringify(id)}:`;
    const flaw = flawOf(id);
    if (flaw !== undefined) mistakes.push(`${where} its ID ${flaw}`);
    const entry = entrySchema.safeParse(value);
    if (entry.success) partners.set(id, entry.data);
    else for (const issue of entry.error.issues) mistakes.push(`${where} ${described(issue)}`);
  }
  mistakes.push(...contradictionsIn(partners));
  if (partners.size === 0 && mistakes.length === 0) mistakes.push('names no partner');
  return { partners, mistakes };
}

/** Partners of one client share its tokens: one of them with another secret would spoil them for all. */
function contradictionsIn(partners: ReadonlyMap<string, Partner>): string[] {
  const firsts = new Map<string, { readonly id: string; readonly secret: string }>();
  return [...partners].flatMap(([id, { clientId, ...partner }]) => {
    const secret = JSON.stringify(SECRETS.map((name) => partner[name] ?? null));
    const first = firsts.get(clientId) ?? { id, secret };
    firsts.set(clientId, first);
    if (secret === first.secret) return [];
    return `partner ${JSON.stringify(id)}: has the client of partner ${JSON.stringify(first.id)}, but another secret`;
  });
}

function described({ path, message }: z.core.$ZodIssue): string {
  return [...path.map(String), message].join(' ');
}

/** Not the parser's own words: they quote the file. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json.replace(/^\uFEFF/, ''));
  } catch {
    throw new CredentialsFileError(['is no JSON (which has no comments, and no comma after the last entry)']);
  }
}
