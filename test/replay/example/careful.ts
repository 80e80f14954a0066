import { patched, sleep } from '@temporalio/workflow';
import type { PurchaseInput } from '../../../src/contract/index.js';
import { PurchaseWorkflow as buy } from '../../../workflows/index.js';
import type { CarriedPurchase } from '../../../workflows/purchase-run.js';

/** CONTRIBUTING's worked example: a purchase is to wait a second before it begins. */
export async function PurchaseWorkflow(input: PurchaseInput, carried?: CarriedPurchase) {
  if (patched('wait-before-the-start')) await sleep('1s');
  return buy(input, carried);
}
