"""Buys, shows and cancels GitLab subscriptions from a command line. See README.md."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig

from codec import CodecError, KeyRingError, load_data_converter
from purchases import (
    NoWorker,
    PurchaseCancelled,
    PurchaseError,
    PurchaseFailed,
    PurchaseNotFound,
    PurchasePending,
    Purchases,
    PurchaseStopped,
)

FAILURES: dict[type[PurchaseError], str] = {
    PurchaseCancelled: "Cancelled",
    PurchaseStopped: "Stopped",
    PurchaseNotFound: "NotFound",
    NoWorker: "NoWorker",
}


async def run(arguments: argparse.Namespace) -> None:
    # TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, … or a profile of Temporal's configuration file.
    options = ClientConfig.load_client_connect_config()
    purchases = Purchases(await Client.connect(**options, data_converter=load_data_converter()))
    if arguments.command == "purchase":
        order = json.loads(arguments.order.read_text(encoding="utf-8"))
        say(subscriptionNumber=await purchases.purchase(order))
        say(**await purchases.result(order))
    elif arguments.command == "status":
        say(**await purchases.status(arguments.partner_id, arguments.subscription_id))
    else:
        say(**await purchases.cancel(arguments.partner_id, arguments.subscription_id))


def say(**answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("purchase").add_argument("order", type=Path)
    for name in ("status", "cancel"):
        command = commands.add_parser(name)
        command.add_argument("partner_id")
        command.add_argument("subscription_id")
    return parser.parse_args()


def main() -> int:
    try:
        asyncio.run(run(arguments()))
    except PurchasePending as pending:
        needed = {"actionRequired": pending.action_required} if pending.action_required else {}
        say(phase=pending.phase, **needed)
        return 3
    except PurchaseError as error:
        say(failure=error.type if isinstance(error, PurchaseFailed) else FAILURES[type(error)], message=str(error))
        return 1
    except (CodecError, KeyRingError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    # Short programs may crash at their end: threads of the SDK outlive the event loop (sdk-python issue 300). A
    # backend that runs on has no need of this.
    os._exit(exit_code)
