import { PortalClient, type PortalClientOptions } from '../../src/portal/index.js';
import type { ClientCall } from './script.js';

/** Told before and after each call of the portal's client; the call goes on when it is done. */
export type Hook = (call: ClientCall, when: 'before' | 'after') => Promise<void>;

/** What a call came to, as the activities see it. */
export interface Heard {
  readonly call: ClientCall;
  /** What it answered; absent when it failed, or when the portal has no such subscription. */
  readonly answer?: unknown;
  readonly error?: unknown;
}

/** The portal's client, with somebody at the door. */
export class HookedPortal extends PortalClient {
  readonly heard: Heard[] = [];
  readonly #hook: Hook;

  constructor(options: PortalClientOptions, hook: Hook) {
    super(options);
    this.#hook = hook;
  }

  override fetchToken(...given: Parameters<PortalClient['fetchToken']>) {
    return this.#hooked('fetchToken', () => super.fetchToken(...given));
  }

  override placeOrder(...given: Parameters<PortalClient['placeOrder']>) {
    return this.#hooked('placeOrder', () => super.placeOrder(...given));
  }

  override findSubscription(...given: Parameters<PortalClient['findSubscription']>) {
    return this.#hooked('findSubscription', () => super.findSubscription(...given));
  }

  async #hooked<T>(call: ClientCall, work: () => Promise<T>): Promise<T> {
    await this.#hook(call, 'before');
    try {
      const answer = await work();
      this.heard.push({ call, answer });
      return answer;
    } catch (error) {
      this.heard.push({ call, error });
      throw error;
    } finally {
      await this.#hook(call, 'after');
    }
  }
}
