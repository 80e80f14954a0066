"""Buys GitLab subscriptions: starts, asks and cancels purchases, whoever runs them."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import Any, Iterator
from urllib.parse import quote

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WithStartWorkflowOperation,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, CancelledError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

TASK_QUEUE = "marketplace-purchases"

Json = dict[str, Any]


class PurchaseError(Exception):
    """What is raised about a purchase. There is one class for each decision a caller makes."""


class PurchaseFailed(PurchaseError):
    """It failed, or never could begin. `type` says why: InvalidOrder, OrderConflict, OrderRejected, …"""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type


class PurchasePending(PurchaseError):
    """There is no number yet. The purchase goes on: ask for its status, or call again with the same order."""

    def __init__(self, phase: str, action_required: str | None) -> None:
        super().__init__(action_required or f"the purchase is {phase}")
        self.phase = phase
        self.action_required = action_required


class PurchaseCancelled(PurchaseError):
    """It was cancelled. An order that existed by then stands; its status has the number."""


class PurchaseStopped(PurchaseError):
    """It was ended from outside, such as terminated by an operator."""


class PurchaseNotFound(PurchaseError):
    """Temporal knows no such purchase, or, for a message to it, none that still runs."""


class NoWorker(PurchaseError):
    """No worker answered in time. What was started is started, and goes on when a worker comes."""


class Purchases:
    def __init__(self, client: Client, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue

    async def purchase(self, order: Json, within: int = 10) -> str | None:
        """Buys, or finds the purchase that exists, and returns the subscription number as soon as the order
        exists. Calling again with the same order is always safe. It is None only when the portal gave none.

        :param within: how long to wait for the order, in seconds; then PurchasePending is raised.
        """
        workflow_id = workflow_id_of(order)
        await self._refuse_other_order(workflow_id, order)
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            "PurchaseWorkflow",
            {"order": order},
            id=workflow_id,
            task_queue=self._task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # Trading partners take turns. Temporal takes 64 bytes.
            priority=Priority(fairness_key=order["tradingPartnerId"].encode()[:64].decode(errors="ignore")),
        )
        try:
            with translated_errors():
                async with asyncio.timeout(within + 5):
                    answer: Json = await self._client.execute_update_with_start_workflow(
                        "orderPlaced",
                        {"within": f"{within}s", "order": order},
                        start_workflow_operation=start,
                    )
        except WorkflowAlreadyStartedError:
            # It is provisioned already.
            await self._refuse_other_order(workflow_id, order)
            return (await self._result(workflow_id)).get("subscriptionNumber")
        phase, number = answer["phase"], answer.get("subscriptionNumber")
        if phase in ("Placing", "Confirming") or (phase == "ActionRequired" and number is None):
            raise PurchasePending(phase, answer.get("actionRequired"))
        return number

    async def result(self, order: Json) -> Json:
        """Waits until the license is provisioned, which may take days."""
        return await self._result(workflow_id_of(order))

    async def status(self, partner_id: str, subscription_id: str) -> Json:
        """Where a purchase stands, why, and what a person must do; also once it has ended."""
        with translated_errors():
            async with asyncio.timeout(5):
                return await self._handle(workflow_id(partner_id, subscription_id)).query("status")

    async def cancel(self, partner_id: str, subscription_id: str, reason: str | None = None) -> Json:
        """Cancels. The answer's "effect" is "not-placed", or "too-late" when the order exists and stands."""
        with translated_errors():
            async with asyncio.timeout(30):
                return await self._handle(workflow_id(partner_id, subscription_id)).execute_update(
                    "cancelPurchase", {} if reason is None else {"reason": reason}
                )

    async def _result(self, workflow_id: str) -> Json:
        with translated_errors():
            return await self._handle(workflow_id).result()

    async def _refuse_other_order(self, workflow_id: str, order: Json) -> None:
        """The same IDs with another order. A purchase that runs refuses it by itself, in `orderPlaced`. Of one
        that has ended, Temporal would hand out the result, or start one that finds the old order."""
        try:
            run = await self._handle(workflow_id).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return
            raise
        if run.status == WorkflowExecutionStatus.RUNNING:
            return
        summary: Json = await run.memo_value("purchase", {})
        if run.status != WorkflowExecutionStatus.COMPLETED and summary.get("order") == "not-placed":
            return
        if await self._order_of(run) != order:
            raise PurchaseFailed("OrderConflict", f"{workflow_id} is a purchase of another order")

    async def _order_of(self, run: WorkflowExecutionDescription) -> Any:
        """What a run bought: the order it was started with, or that `amendOrder` replaced it by."""
        order: Any = None
        amendments: dict[str, Any] = {}
        handle = self._client.get_workflow_handle(run.id, run_id=run.run_id)
        async for event in handle.fetch_history_events():
            if event.HasField("workflow_execution_started_event_attributes"):
                started = event.workflow_execution_started_event_attributes
                # A run that continues another has more than one input.
                given = next(iter(await self._client.data_converter.decode(started.input.payloads)), None)
                order = given.get("order") if isinstance(given, dict) else None
            elif event.HasField("workflow_execution_update_accepted_event_attributes"):
                request = event.workflow_execution_update_accepted_event_attributes.accepted_request
                if request.input.name == "amendOrder":
                    [amendment] = await self._client.data_converter.decode(request.input.args.payloads)
                    amendments[request.meta.update_id] = amendment
            elif event.HasField("workflow_execution_update_completed_event_attributes"):
                update = event.workflow_execution_update_completed_event_attributes
                if update.outcome.HasField("success"):
                    order = amendments.get(update.meta.update_id, order)
        return order

    def _handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id)


def workflow_id(partner_id: str, subscription_id: str) -> str:
    """The purchase's name, and the lock that keeps its order single."""
    # What JavaScript's encodeURIComponent leaves as it is, beyond what quote does.
    return ":".join(["purchase", *(quote(part, safe="!'()*") for part in (partner_id, subscription_id))])


def workflow_id_of(order: Json) -> str:
    ids = order.get("tradingPartnerId"), order.get("externalSubscriptionId")
    if not all(isinstance(part, str) and part for part in ids):
        raise PurchaseFailed("InvalidOrder", "an order needs a tradingPartnerId and an externalSubscriptionId")
    return workflow_id(*ids)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Temporal's errors about a purchase, as those above. What is none of them stays as it is."""
    try:
        yield
    except (WorkflowFailureError, WorkflowUpdateFailedError) as error:
        if isinstance(error.cause, ApplicationError):
            raise PurchaseFailed(error.cause.type or "Unknown", error.cause.message) from error
        if isinstance(error.cause, CancelledError):
            raise PurchaseCancelled("the purchase was cancelled") from error
        raise PurchaseStopped(f"the purchase was stopped from outside: {error.cause}") from error
    except (TimeoutError, RPCTimeoutOrCancelledError) as error:
        raise NoWorker("no worker answered in time") from error
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise PurchaseNotFound("there is no such purchase, or it has ended") from error
        if error.status in (RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.DEADLINE_EXCEEDED):
            raise NoWorker("no worker serves the purchases") from error
        raise
