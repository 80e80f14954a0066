/** Why a request to the codec server is not done. The message goes to who asked; it has no token and no payload. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly status: 400 | 401 | 403 | 413 | 422 | 429 | 503,
    /** In the audit log, a word that can be counted. */
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}
