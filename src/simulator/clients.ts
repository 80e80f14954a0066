import type { SimulatorClient } from './options.js';

/** The accounts that the portal knows now, by client ID. */
export class Clients {
  readonly #clients = new Map<string, SimulatorClient>();

  constructor(clients: readonly SimulatorClient[]) {
    for (const client of clients) this.set(client);
  }

  /** Adds an account, or changes the one of that client ID. Tokens that were issued stay what they are. */
  set(client: SimulatorClient): void {
    this.#clients.set(client.clientId, client);
  }

  /** The account of that client ID, whatever its secret. */
  find(clientId: string | null): SimulatorClient | undefined {
    return clientId === null ? undefined : this.#clients.get(clientId);
  }
}
