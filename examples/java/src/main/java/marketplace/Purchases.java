package marketplace;

import com.fasterxml.jackson.databind.JsonNode;
import io.grpc.Context;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.api.enums.v1.WorkflowIdReusePolicy;
import io.temporal.client.UpdateOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowException;
import io.temporal.client.WorkflowExecutionDescription;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowServiceException;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateStage;
import io.temporal.common.Priority;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Buys GitLab Marketplace subscriptions. The purchase runs elsewhere, as a workflow that is known
 * here by its names and its JSON only.
 */
public final class Purchases {
  private static final String TASK_QUEUE = "marketplace-purchases";

  /** Longer than a purchase is waited for. */
  private static final int ANSWER_SECONDS = 30;

  private static final ScheduledExecutorService TIMER =
      Executors.newSingleThreadScheduledExecutor();

  private final WorkflowClient client;

  public Purchases(WorkflowClient client) {
    this.client = client;
  }

  /**
   * Starts the purchase of an order, or finds the one that exists, and answers as soon as the order
   * exists at the portal. Calling again with the same order is always safe.
   *
   * @param within how long to wait for that, such as "10s"; without a number after it, the purchase
   *     goes on all the same. At most 30 seconds
   * @throws PurchaseException when the order never will exist, or these IDs are another order's
   */
  public Placed purchase(JsonNode order, String within) {
    PurchaseIds ids = PurchaseIds.of(order);
    refuseAnotherOrder(ids, order);
    try {
      return answered(() -> startAndWait(ids, order, within));
    } catch (WorkflowServiceException unanswered) {
      // It was provisioned before, or in this moment: an ended run takes no update.
      if (latestRun(ids).map(Purchases::isOpen).orElse(true)) throw unanswered;
      refuseAnotherOrder(ids, order);
      String number = waitForResult(ids).path("subscriptionNumber").textValue();
      return new Placed("Provisioned", number, null);
    }
  }

  /**
   * Waits for the end of a purchase, which may take days.
   *
   * @throws PurchaseException when it ends without a license
   */
  public JsonNode waitForResult(PurchaseIds ids) {
    try {
      return find(ids).getResult(JsonNode.class);
    } catch (WorkflowException failed) {
      throw PurchaseException.from(failed);
    }
  }

  /** Where a purchase stands. */
  public JsonNode status(PurchaseIds ids) {
    return answered(() -> find(ids).query("status", JsonNode.class));
  }

  /** Cancels, and answers what that could do: its {@code effect}. */
  public JsonNode cancel(PurchaseIds ids, String reason) {
    return answered(
        () -> find(ids).update("cancelPurchase", JsonNode.class, Map.of("reason", reason)));
  }

  private Placed startAndWait(PurchaseIds ids, JsonNode order, String within) {
    var update =
        UpdateOptions.newBuilder(Placed.class)
            .setUpdateName("orderPlaced")
            .setWaitForStage(WorkflowUpdateStage.COMPLETED)
            .build();
    var options =
        WorkflowOptions.newBuilder()
            .setWorkflowId(ids.workflowId())
            .setTaskQueue(TASK_QUEUE)
            .setWorkflowIdReusePolicy(
                WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)
            .setWorkflowIdConflictPolicy(
                WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
            // Trading partners take turns.
            .setPriority(Priority.newBuilder().setFairnessKey(ids.fairnessKey()).build())
            .build();
    return client
        .newUntypedWorkflowStub("PurchaseWorkflow", options)
        .executeUpdateWithStart(
            update,
            new Object[] {Map.of("within", within, "order", order)},
            new Object[] {Map.of("order", order)});
  }

  private WorkflowStub find(PurchaseIds ids) {
    return client.newUntypedWorkflowStub(ids.workflowId());
  }

  /**
   * Temporal starts a purchase that failed once more, for any order: another one would get the old
   * one's number. (A run that is open compares the orders itself.)
   */
  private void refuseAnotherOrder(PurchaseIds ids, JsonNode order) {
    var run = latestRun(ids);
    if (run.isEmpty() || isOpen(run.get())) return;
    if (order.equals(OrderOfRun.read(client, run.get())) || leftNoOrder(status(ids))) return;
    String message = "a purchase with these IDs exists, for another order";
    throw new PurchaseException("OrderConflict", message, null);
  }

  private Optional<WorkflowExecutionDescription> latestRun(PurchaseIds ids) {
    try {
      return Optional.of(find(ids).describe());
    } catch (WorkflowNotFoundException none) {
      return Optional.empty();
    }
  }

  private static boolean isOpen(WorkflowExecutionDescription run) {
    return run.getStatus() == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING;
  }

  /** Whether an ended purchase surely left no order at the portal, so that a corrected one may follow. */
  private static boolean leftNoOrder(JsonNode status) {
    String failure = status.path("lastError").path("type").asText();
    boolean wasRefused =
        status.path("phase").asText().equals("Failed")
            && !status.has("subscriptionNumber")
            && (failure.equals("InvalidOrder") || failure.equals("OrderRejected"));
    return wasRefused || status.path("cancellation").path("effect").asText().equals("not-placed");
  }

  /** Asks, and gives up when no worker answers: Temporal itself would wait for one. */
  private static <T> T answered(Supplier<T> question) {
    var deadline = Context.current().withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS, TIMER);
    Context before = deadline.attach();
    try {
      return question.get();
    } catch (WorkflowException failed) {
      throw PurchaseException.from(failed);
    } finally {
      deadline.detachAndCancel(before, null);
    }
  }
}
