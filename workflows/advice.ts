import { GITLAB_CONTACT, type FailureType, type PurchaseIds } from '../src/contract/names.js';

/**
 * What a person must do about a failure, so that the purchase goes on or is settled.
 *
 * @param isParked whether the purchase waits for that person; otherwise it has ended.
 */
export function adviceFor(type: FailureType, ids: PurchaseIds, isParked: boolean): string {
  const order = `order ${ids.externalSubscriptionId} of trading partner ${ids.tradingPartnerId}`;
  const contact = `contact ${GITLAB_CONTACT}`;
  switch (type) {
    case 'InvalidOrder':
      return 'Correct the order and start the purchase again.';
    case 'WorkflowIdMismatch':
      return 'Start the purchase under the workflow ID that its order asks for.';
    case 'OrderConflict':
      return 'Use another externalSubscriptionId for another order.';
    case 'InvalidClient':
      return `Check the credentials that the workers have for trading partner ${ids.tradingPartnerId} (typing errors, spaces): its entry in the file MARKETPLACE_PARTNERS_FILE, which is read anew without a restart, unlike a clientSecretEnv; or MARKETPLACE_CLIENT_ID and MARKETPLACE_CLIENT_SECRET, after which the workers are restarted. Then send the "retry" signal. If they are right, ${contact}.`;
    case 'InvalidScope':
      return `The client may not use the scope it needs: ${contact}, then send the "retry" signal.`;
    case 'NotPermitted':
      return `Check that ${ids.tradingPartnerId} is the trading partner ID that GitLab gave you; to have it permitted, ${contact}. Then send the "retry" signal.`;
    case 'OrderRejected':
      return isParked
        ? 'Read the portal\'s message. Send a corrected order with the "amendOrder" update; or have what it names mended on GitLab\'s side and send the "retry" signal; or cancel the purchase.'
        : "Read the portal's message, correct the order and start the purchase again.";
    case 'PortalUnavailable':
    case 'RateLimited':
    case 'UnexpectedResponse':
      return `Check that the workers reach the portal and that it is not in maintenance, then send the "retry" signal. If it lasts, ${contact}.`;
    case 'UnknownOutcome':
      return `Ask GitLab whether ${order} exists (${contact}). Then send the "retry" signal: the portal is asked again first, and the order is placed only if it is not there.`;
    case 'ProvisioningFailed':
      return `The order exists, but its provisioning failed: ${contact}.`;
    case 'ProvisioningOverdue':
      return `The order exists, but was not provisioned in time: ${contact} about ${order}. Starting the purchase again tracks the same order; it places no second one.`;
    case 'ParkExpired':
      return `Nobody acted in time. Mend the cause and start the purchase again: it looks for ${order} before it places one.`;
  }
}
