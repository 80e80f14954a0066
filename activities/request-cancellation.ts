import { activityInfo, Context } from '@temporalio/activity';
import type { PurchaseActivities } from './api.js';

export const requestCancellation: PurchaseActivities['requestCancellation'] = async () => {
  const { workflowExecution } = activityInfo();
  if (workflowExecution === undefined) return;
  const { workflowId, runId } = workflowExecution;
  await Context.current().client.workflow.getHandle(workflowId, runId).cancel();
};
