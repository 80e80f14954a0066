import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate and its key, as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** What it is for, as a client or a server shows it. */
  readonly name: string;
  /** The names a server may be called by, as OpenSSL writes them: `DNS:temporal.example`. */
  readonly altNames?: string;
  /** For how many days; -1: it is over since yesterday. @default 1 */
  readonly days?: number;
}

/** An authority of its own, in a folder of its own. */
export interface Authority extends Certificate {
  readonly folder: string;
  readonly issue: (options: CertificateOptions) => Promise<Certificate>;
  readonly remove: () => Promise<void>;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', args);

/** Makes one with the `openssl` command. */
export async function createAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'marketplace-tls-'));
  const cert = join(folder, 'ca.pem');
  const key = join(folder, 'ca.key');
  await openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-subj',
    '/CN=Test CA',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    cert,
  );
  let issued = 0;
  return {
    folder,
    cert,
    key,
    issue: async ({ name, altNames, days = 1 }) => {
      issued += 1;
      const path = (suffix: string) => join(folder, `${issued}-${name}.${suffix}`);
      const leaf = { cert: path('pem'), key: path('key') };
      const [request, extensions] = [path('csr'), path('ext')];
      await writeFile(extensions, altNames === undefined ? '' : `subjectAltName=${altNames}\n`);
      await openssl('req', '-new', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', leaf.key, '-out', request);
      const by = ['-CA', cert, '-CAkey', key, '-CAcreateserial', '-days', String(days)];
      await openssl('x509', '-req', '-in', request, ...by, '-extfile', extensions, '-out', leaf.cert);
      return leaf;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
