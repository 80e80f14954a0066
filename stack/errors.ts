/** Thrown when the stack does not come up, for a reason that lies outside it. The message says what to do. */
export class StackError extends Error {
  override readonly name = 'StackError';
}
