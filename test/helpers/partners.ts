import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Trading partners with a client each, so that a pause of one is none of another: the clients that a portal has to
 * know, and the environment of workers that use them. The file is written into the folder.
 */
export function partnersApart(folder: string, tradingPartnerIds: readonly string[]) {
  const clients = tradingPartnerIds.map((id) => ({
    clientId: `client-of-${id}`,
    clientSecret: `secret-of-${id}`,
    tradingPartnerIds: [id],
  }));
  const entries = clients.map(({ clientId, clientSecret }, index) => [
    tradingPartnerIds[index],
    { clientId, clientSecret },
  ]);
  const file = join(folder, 'partners.json');
  writeFileSync(file, JSON.stringify({ partners: Object.fromEntries(entries) }));
  const env = {
    MARKETPLACE_PARTNERS_FILE: file,
    // In place of the one client that all share.
    MARKETPLACE_CLIENT_ID: '',
    MARKETPLACE_CLIENT_SECRET: '',
    MARKETPLACE_CLIENT_SECRET_FILE: '',
  };
  return { clients, env };
}
