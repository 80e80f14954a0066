// Package marketplace buys GitLab subscriptions: it starts, asks and cancels purchases, whoever runs them.
//
// What goes wrong with a purchase is told apart by errors.As:
//
//   - *temporal.ApplicationError: it failed, or never could begin. Its Type says why: InvalidOrder,
//     OrderConflict, OrderRejected, …
//   - *PendingError: there is no number yet, and the purchase goes on
//   - *temporal.CanceledError: it was cancelled; an order that existed by then stands
//   - *temporal.TerminatedError, *temporal.TimeoutError: it was ended from outside
//   - *serviceerror.NotFound: there is no such purchase, or, for a message to it, none that still runs
//   - *NoWorkerError: no worker answered in time; what was started goes on when one comes
package marketplace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// TaskQueue is where the workers of purchases listen.
const TaskQueue = "marketplace-purchases"

// Purchases starts purchases and talks to them. Converter is the client's.
type Purchases struct {
	Client    client.Client
	Converter converter.DataConverter
}

// PendingError says that there is no number yet. The purchase goes on: ask for its status, or call again with
// the same order. ActionRequired is what a person must do, if one is needed.
type PendingError struct {
	Phase          string `json:"phase"`
	ActionRequired string `json:"actionRequired,omitempty"`
}

func (e *PendingError) Error() string {
	return strings.TrimRight("the purchase is "+e.Phase+": "+e.ActionRequired, ": ")
}

// NoWorkerError says that no worker answered in time.
type NoWorkerError struct{ cause error }

func (e *NoWorkerError) Error() string { return "no worker answered in time: " + e.cause.Error() }
func (e *NoWorkerError) Unwrap() error { return e.cause }

type placed struct {
	Phase              string  `json:"phase"`
	SubscriptionNumber *string `json:"subscriptionNumber"`
	ActionRequired     string  `json:"actionRequired"`
}

// Purchase buys, or finds the purchase that exists, and returns the subscription number as soon as the order
// exists, or a PendingError when it does not within the time, in whole seconds. Calling again with the same
// order is always safe. The number is nil only when the portal gave none.
func (p Purchases) Purchase(ctx context.Context, order json.RawMessage, within time.Duration) (*string, error) {
	workflowID, err := workflowIDOf(order)
	if err != nil {
		return nil, err
	}
	if err := p.refuseOtherOrder(ctx, workflowID, order); err != nil {
		return nil, err
	}
	answer, err := p.orderPlaced(ctx, workflowID, order, within)
	if provisioned := new(serviceerror.WorkflowExecutionAlreadyStarted); errors.As(err, &provisioned) {
		if err := p.refuseOtherOrder(ctx, workflowID, order); err != nil {
			return nil, err
		}
		var result placed
		err := p.Client.GetWorkflow(ctx, workflowID, "").Get(ctx, &result)
		return result.SubscriptionNumber, err
	}
	if err != nil {
		return nil, err
	}
	isParked := answer.Phase == "ActionRequired" && answer.SubscriptionNumber == nil
	if isParked || answer.Phase == "Placing" || answer.Phase == "Confirming" {
		return nil, &PendingError{answer.Phase, answer.ActionRequired}
	}
	return answer.SubscriptionNumber, nil
}

// Result waits until the license is provisioned, which may take days.
func (p Purchases) Result(ctx context.Context, order json.RawMessage) (result json.RawMessage, err error) {
	workflowID, err := workflowIDOf(order)
	if err != nil {
		return nil, err
	}
	err = p.Client.GetWorkflow(ctx, workflowID, "").Get(ctx, &result)
	return result, err
}

// Status says where a purchase stands, why, and what a person must do; also once it has ended.
func (p Purchases) Status(ctx context.Context, partnerID, subscriptionID string) (status json.RawMessage, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	value, err := p.Client.QueryWorkflow(ctx, WorkflowID(partnerID, subscriptionID), "", "status")
	if err != nil {
		return nil, noticeNoWorker(ctx, err)
	}
	err = value.Get(&status)
	return status, err
}

// Cancel answers an effect: "not-placed", or "too-late" when the order exists and stands.
func (p Purchases) Cancel(ctx context.Context, partnerID, subscriptionID string) (answer json.RawMessage, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	handle, err := p.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID:   WorkflowID(partnerID, subscriptionID),
		UpdateName:   "cancelPurchase",
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &answer)
	}
	return answer, noticeNoWorker(ctx, err)
}

// orderPlaced starts the purchase unless it runs, and waits for its order, all in one call.
func (p Purchases) orderPlaced(ctx context.Context, workflowID string, order json.RawMessage, within time.Duration) (answer placed, err error) {
	ctx, cancel := context.WithTimeout(ctx, within+5*time.Second)
	defer cancel()
	start := p.Client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:                       workflowID,
		TaskQueue:                TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		// Trading partners take turns.
		Priority: temporal.Priority{FairnessKey: fairnessKey(order)},
	}, "PurchaseWorkflow", map[string]any{"order": order})
	handle, err := p.Client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName:   "orderPlaced",
			Args:         []any{map[string]any{"within": fmt.Sprintf("%.0fs", within.Seconds()), "order": order}},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, &answer)
	}
	return answer, noticeNoWorker(ctx, err)
}

// refuseOtherOrder refuses the same IDs with another order. A purchase that runs does so by itself, in
// orderPlaced. Of one that has ended, Temporal would hand out the result, or start one that finds the old order.
func (p Purchases) refuseOtherOrder(ctx context.Context, workflowID string, order json.RawMessage) error {
	run, err := p.Client.DescribeWorkflow(ctx, workflowID, "")
	if notFound := new(serviceerror.NotFound); errors.As(err, &notFound) {
		return nil
	}
	if err != nil || run.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return err
	}
	var summary struct {
		Order string `json:"order"`
	}
	if memo, ok := run.Memo.GetFields()["purchase"]; ok {
		if err := p.Converter.FromPayload(memo, &summary); err != nil {
			return err
		}
	}
	if run.Status != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED && summary.Order == "not-placed" {
		return nil
	}
	bought, err := p.orderOf(ctx, run.WorkflowExecution)
	if err == nil && !sameJSON(bought, order) {
		err = temporal.NewNonRetryableApplicationError(workflowID+" is a purchase of another order", "OrderConflict", nil)
	}
	return err
}

// noticeNoWorker tells what only means that no worker answered from other errors.
func noticeNoWorker(ctx context.Context, err error) error {
	var (
		late     *serviceerror.DeadlineExceeded
		timedOut *client.WorkflowUpdateServiceTimeoutOrCanceledError
		unserved *serviceerror.FailedPrecondition
	)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || errors.As(err, &late) || errors.As(err, &timedOut) || errors.As(err, &unserved) {
		return &NoWorkerError{err}
	}
	return err
}
