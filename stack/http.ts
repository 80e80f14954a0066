/** How long one question may take, in milliseconds. */
const QUESTION_TIMEOUT_MS = 3_000;

/** Whether something on this machine answers a GET with a good status. */
export async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(QUESTION_TIMEOUT_MS) });
  await answer.body?.cancel();
  return answer.ok;
}
