import { EventEmitter, once } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { askForToken, find, outcome, place, placeAndHangUp, useSimulators } from '../helpers/simulator.js';

const { clock, start } = useSimulators();

const OWN = { externalSubscriptionId: 'EXT-1', subscriptionNumber: 'A-S00012345' };
const OWN_BYTES = JSON.stringify(OWN).length;

function damage<Body extends string>(body: Body): { do: 'damage'; body: Body } {
  return { do: 'damage', body };
}

/** What came of a body, and whether it ended as it should. */
async function read({ body }: Response): Promise<{ text: string; isWhole: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of body ?? []) text += decoder.decode(chunk, { stream: true });
    return { text, isWhole: true };
  } catch {
    return { text, isWhole: false };
  }
}

describe('a damaged body', () => {
  test.each(['empty', 'truncated', 'oversized', 'trickled', 'html', 'mislabelled'] as const)(
    'that is %s comes after the effect, with the status of its own',
    async (body) => {
      const simulator = await start({ faults: [{ call: 'place', then: damage(body) }] });
      const answer = await place(simulator);
      expect(answer.status).toBe(201);
      await answer.body?.cancel().catch(() => undefined);
      expect(simulator.orders()).toHaveLength(1);
      expect(simulator.journal.at(-1)).toMatchObject({ status: 201, committed: true, fault: `body ${body}` });
      expect(await (await find(simulator)).json()).toMatchObject(OWN);
    },
  );

  test('may be empty, and says so', async () => {
    const simulator = await start({ faults: [{ call: 'place', then: damage('empty') }] });
    const answer = await place(simulator);
    expect(answer.headers.get('content-length')).toBe('0');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await read(answer)).toEqual({ text: '', isWhole: true });
  });

  test('may be truncated: half of what was announced, then the connection is lost', async () => {
    const simulator = await start({ faults: [{ call: 'place', then: damage('truncated') }] });
    const answer = await place(simulator);
    expect(answer.headers.get('content-length')).toBe(String(OWN_BYTES));
    const half = JSON.stringify(OWN).slice(0, Math.floor(OWN_BYTES / 2));
    expect(await read(answer)).toEqual({ text: half, isWhole: false });
  });

  test('may be oversized: good JSON, but megabytes of it, and no header tells', async () => {
    const simulator = await start({ faults: [{ call: 'place', then: damage('oversized') }] });
    const answer = await place(simulator);
    expect(answer.headers.get('content-length')).toBeNull();
    const { text, isWhole } = await read(answer);
    expect(isWhole).toBe(true);
    expect(text.length).toBeGreaterThan(8_000_000);
    expect(JSON.parse(text)).toEqual(OWN);
  });

  test('may be trickled: byte by byte, until the simulator closes', async () => {
    const simulator = await start({ faults: [{ call: 'place', then: damage('trickled') }] });
    const answer = await place(simulator);
    const reader = answer.body?.getReader();
    const bytes = [await reader?.read(), await reader?.read()].map((part) => part?.value?.length);
    expect(bytes).toEqual([1, 1]);
    await simulator.close();
    await expect(reader?.closed).rejects.toThrow('terminated');
    expect(simulator.journal.at(-1)).toMatchObject({ status: 201, fault: 'body trickled' });
  });

  test.each([
    { body: 'html', text: expect.stringMatching(/^<!doctype html>/) },
    { body: 'mislabelled', text: JSON.stringify(OWN) },
  ] as const)('may be $body: it says that it is a web page', async ({ body, text }) => {
    const simulator = await start({ faults: [{ call: 'place', then: damage(body) }] });
    const answer = await place(simulator);
    expect(answer.headers.get('content-type')).toBe('text/html');
    expect(await read(answer)).toEqual({ text, isWhole: true });
  });

  test('is there for every call, a refused one too', async () => {
    const simulator = await start({ faults: [{ call: 'any', times: 'always', then: damage('html') }] });
    expect((await askForToken(simulator)).headers.get('content-type')).toBe('text/html');
    const refused = await place(simulator, {}, 'made-up');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('invalid_token');
    expect((await read(refused)).text).toContain('<html>');
    expect(simulator.issuedTokens()).toHaveLength(1);
  });

  test('goes together with an answer, which it damages, and with a delay', async () => {
    const simulator = await start();
    simulator.addFault({
      call: 'place',
      then: [
        damage('truncated'),
        { do: 'delay', when: 'before', ms: 1 },
        { do: 'answer', when: 'after', status: 500, body: '12345678' },
      ],
    });
    const answer = await place(simulator);
    expect(answer.status).toBe(500);
    expect(await read(answer)).toEqual({ text: '1234', isWhole: false });
    expect(simulator.journal.at(-1)).toMatchObject({
      status: 500,
      committed: true,
      fault: 'body truncated + delay 1 ms before + answer 500 after',
    });
  });

  test.each(['oversized', 'trickled'] as const)(
    'that is %s does the simulator no harm when the caller hangs up midway',
    async (body) => {
      const simulator = await start({ faults: [{ call: 'place', then: damage(body) }] });
      const reader = (await place(simulator)).body?.getReader();
      expect(await reader?.read()).toMatchObject({ done: false });
      await reader?.cancel();
      expect(await outcome(find(simulator))).toBe(200);
    },
  );

  test.each(['truncated', 'oversized', 'trickled'] as const)(
    'that is %s does no harm when the caller has hung up already',
    async (body) => {
      const gate = new EventEmitter();
      const released = once(gate, 'open').then(() => clock.now);
      const simulator = await start({
        now: () => (simulator.journal.at(-1)?.call === 'place' ? released : clock.now),
        faults: [{ call: 'place', then: damage(body) }],
      });
      await placeAndHangUp(simulator, () => simulator.journal.at(-1)?.fault !== undefined);
      gate.emit('open');
      await vi.waitUntil(() => simulator.journal.at(-1)?.status === 201, { timeout: 20_000 });
      expect(simulator.orders()).toHaveLength(1);
    },
  );
});
