import type { z } from 'zod';

/** Levels of nesting. The order's own fields need five; deeper ones overflow a stack somewhere on the way. */
const DEEPEST = 50;

/** Characters, roughly as JSON. Well below what a Temporal server takes for one payload (2 MiB). */
const LARGEST = 256 * 1024;

/**
 * Refuses what cannot reach the portal unchanged, or would break something on the way: too deep, too large,
 * numbers that JavaScript cannot hold, and keys named `__proto__`. Walks without recursion.
 */
export function refuseUnfit(input: unknown, context: z.RefinementCtx): void {
  const refuse = (message: string, path: PropertyKey[]) =>
    context.addIssue({ code: 'custom', message, path, input: undefined });
  const waiting: Node[] = [{ value: input, path: [] }];
  let size = 0;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { value, path } = node;
    size += typeof value === 'string' ? value.length + 3 : 8;
    if (size > LARGEST) return refuse(`must be at most about ${LARGEST / 1024} KiB as JSON`, []);
    if (path.length > DEEPEST)
      return refuse(`must not be nested deeper than ${DEEPEST} levels`, path.slice(0, 3));
    if (typeof value === 'number' && !isExact(value)) {
      refuse('is a number that would be altered on the way: write it as text', path);
    }
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, child] of Object.entries(value)) {
      if (name === '__proto__') refuse('must not be named __proto__', path);
      size += Array.isArray(value) ? 0 : name.length;
      waiting.push({ value: child, path: [...path, Array.isArray(value) ? Number(name) : name] });
    }
  }
}

interface Node {
  readonly value: unknown;
  readonly path: PropertyKey[];
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}
