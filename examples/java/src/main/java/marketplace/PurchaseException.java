package marketplace;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowUpdateTimeoutOrCancelledException;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.TerminatedFailure;
import io.temporal.failure.TimeoutFailure;

/** Why there is no license, or no answer. */
public class PurchaseException extends RuntimeException {
  private final String type;

  PurchaseException(String type, String message, Throwable cause) {
    super(message, cause);
    this.type = type;
  }

  /**
   * A failure type of the purchase, such as {@code OrderRejected}; or {@code Cancelled}, {@code
   * Stopped} (ended from outside), {@code NotFound} or {@code NoWorker} (the purchase goes on when
   * one runs).
   */
  public String type() {
    return type;
  }

  /** What the Temporal client threw, as this; what is none of these comes back as it is. */
  static RuntimeException from(RuntimeException thrown) {
    Throwable cause = thrown.getCause();
    // Workflows and updates fail alike: what counts is the type, which is the same in any language.
    if (cause instanceof ApplicationFailure failure) {
      return new PurchaseException(failure.getType(), failure.getOriginalMessage(), thrown);
    }
    if (cause instanceof CanceledFailure) {
      String message = "the purchase was cancelled; its status tells whether an order stands";
      return new PurchaseException("Cancelled", message, thrown);
    }
    if (cause instanceof TerminatedFailure || cause instanceof TimeoutFailure) {
      String message = "the purchase was stopped from outside; start it again";
      return new PurchaseException("Stopped", message, thrown);
    }
    if (thrown instanceof WorkflowNotFoundException) {
      String message = "there is no such purchase, or it has ended";
      return new PurchaseException("NotFound", message, thrown);
    }
    if (timedOut(thrown) || timedOut(cause)) {
      return new PurchaseException("NoWorker", "no worker answered in time", thrown);
    }
    return thrown;
  }

  private static boolean timedOut(Throwable thrown) {
    return thrown instanceof WorkflowUpdateTimeoutOrCancelledException
        || thrown instanceof StatusRuntimeException failed
            && failed.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED;
  }
}
