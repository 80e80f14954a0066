import { sleep } from '@temporalio/workflow';
import type { PurchaseInput } from '../../../src/contract/index.js';
import { PurchaseWorkflow as buy } from '../../../workflows/index.js';
import type { CarriedPurchase } from '../../../workflows/purchase-run.js';

/** The same change as in `careful.ts`, as it must not be made: purchases under way could not go on. */
export async function PurchaseWorkflow(input: PurchaseInput, carried?: CarriedPurchase) {
  await sleep('1s');
  return buy(input, carried);
}
