import { readFile } from 'node:fs/promises';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { z } from 'zod';

/** A JSON Schema that checks. It must keep to ajv's strict mode. */
export function compile(schema: object): ValidateFunction {
  // The formats are only notes to a reader: patterns say what is checked.
  return new Ajv2020({ strict: true, formats: { email: true, 'date-time': true } }).compile(schema);
}

/** What the JSON Schema in a file finds wrong with a value. */
export async function problemsBy(file: string | URL, value: unknown): Promise<unknown[]> {
  const schema = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(file, 'utf8')));
  const validate = compile(schema);
  validate(value);
  return validate.errors ?? [];
}
