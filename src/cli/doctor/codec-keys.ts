import { statSync } from 'node:fs';
import { KeyRingError, loadKeyRing, type KeyRing } from '../../codec/index.js';
import { bad, good, notChecked, warn, type Finding } from './finding.js';

/** Bits of a file's mode by which others than its owner may read or write it. */
const OTHERS = 0o066;

/** Whether the payload encryption keys that are configured here can be used, and by nobody else. */
export function checkCodecKeys(env: NodeJS.ProcessEnv): Omit<Finding, 'check'> {
  let keys: KeyRing | undefined;
  try {
    keys = loadKeyRing(env);
  } catch (error) {
    if (!(error instanceof KeyRingError)) throw error;
    return bad(error.mistakes.join('; '), 'Correct it, or restore it from where it is kept.');
  }
  if (keys === undefined) return notChecked('no keys are configured here (MARKETPLACE_CODEC_KEYS_FILE)');
  const file = env['MARKETPLACE_CODEC_KEYS_FILE'];
  const others = keys.ids.slice(1);
  const also = others.length === 0 ? '' : `; ${others.join(', ')} decrypt too`;
  return (file ? tooOpen(file) : undefined) ?? good(`${keys.first.id} encrypts${also}`);
}

function tooOpen(file: string): Omit<Finding, 'check'> | undefined {
  const { mode } = statSync(file);
  // Windows has no such bits.
  if (process.platform === 'win32' || (mode & OTHERS) === 0) return undefined;
  const bits = (mode & 0o777).toString(8);
  // A secret that is mounted into a container is so on purpose.
  return warn(
    `MARKETPLACE_CODEC_KEYS_FILE: others than its owner may read or write it (mode ${bits})`,
    'Take that away, unless it is a mounted secret in a container: `chmod 600 FILE`',
  );
}
