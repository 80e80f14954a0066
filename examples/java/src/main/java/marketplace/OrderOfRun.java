package marketplace;

import com.fasterxml.jackson.databind.JsonNode;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionMetadata;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/** Reads in a run's history which order it buys. */
final class OrderOfRun {
  private OrderOfRun() {}

  /** The order that the run was started with, unless it was amended since. */
  static JsonNode read(WorkflowClient client, WorkflowExecutionMetadata run) {
    var execution = run.getExecution();
    var history = client.streamHistory(execution.getWorkflowId(), execution.getRunId());
    Map<String, JsonNode> amendments = new HashMap<>();
    JsonNode order = null;
    for (Iterator<HistoryEvent> events = history.iterator(); events.hasNext(); ) {
      HistoryEvent event = events.next();
      if (event.hasWorkflowExecutionStartedEventAttributes()) {
        var started = event.getWorkflowExecutionStartedEventAttributes();
        order = first(client, started.getInput()).path("order");
      } else if (event.hasWorkflowExecutionUpdateAcceptedEventAttributes()) {
        var request =
            event.getWorkflowExecutionUpdateAcceptedEventAttributes().getAcceptedRequest();
        if (request.getInput().getName().equals("amendOrder")) {
          JsonNode amended = first(client, request.getInput().getArgs());
          amendments.put(request.getMeta().getUpdateId(), amended);
        }
      } else if (event.hasWorkflowExecutionUpdateCompletedEventAttributes()) {
        var update = event.getWorkflowExecutionUpdateCompletedEventAttributes();
        String id = update.getMeta().getUpdateId();
        if (update.getOutcome().hasSuccess()) order = amendments.getOrDefault(id, order);
      }
    }
    return order;
  }

  private static JsonNode first(WorkflowClient client, Payloads payloads) {
    var converter = client.getOptions().getDataConverter();
    return converter.fromPayload(payloads.getPayloads(0), JsonNode.class, JsonNode.class);
  }
}
