export { PurchaseWorkflow } from './purchase.js';
