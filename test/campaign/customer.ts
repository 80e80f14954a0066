import type { Order } from '../../src/contract/index.js';
import type { Script } from './script.js';

const FIRST_NAME = 'Quillonia';
const LAST_NAME = 'Brambleworth';
const EMAIL = 'quillonia@leak.example';
const COMPANY = 'Zyxwvut Widgets';

/** What may stand in no log, memo or search attribute. Nothing else on earth is written so. */
export const PERSONAL: readonly string[] = [FIRST_NAME, LAST_NAME, EMAIL, COMPANY];

/** What a portal may say that repeats what it was sent. */
export const SECRETIVE_WORDS = `No ${COMPANY} here, ${FIRST_NAME} ${LAST_NAME} <${EMAIL}>`;

/** With what URLs and forms write in another way, and so unlike anything else that it is sure to be found. */
export const CLIENT = { clientId: 'campaign-client', clientSecret: 'hush+7f31/%&=ü-campaign' };

/** The same of a token request. */
export const SECRET_WORDS = `client ${CLIENT.clientId} may not log in with ${CLIENT.clientSecret}`;

const PARTNER = '0012300000AbCdE';

/** The order of a script, of an ID that no other run has. */
export function orderOf({ order: { product } }: Script, externalSubscriptionId: string): Order {
  return {
    externalSubscriptionId,
    tradingPartnerId: PARTNER,
    customer: {
      companyName: COMPANY,
      contact: { firstName: FIRST_NAME, lastName: LAST_NAME, email: EMAIL, phone: '+49 7777 424242' },
      address: { country: 'DE' },
    },
    orderLines: [{ productId: product, quantity: 3 }],
    note: `for ${FIRST_NAME}`,
  };
}

/** The same purchase, mended: it can be ordered. */
export function amended(order: Order): Order {
  return { ...order, orderLines: [{ productId: '2c92a0ff', quantity: 4 }] };
}
