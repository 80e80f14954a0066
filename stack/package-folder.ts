import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** This package's own folder, from the sources and from where they are compiled to. */
export const PACKAGE_FOLDER = dirname(
  createRequire(import.meta.url).resolve('gitlab-marketplace-temporal/package.json'),
);
