"""Coroutines run to their end from code that is none, also where a loop runs already, as in a notebook."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


def run(work: Coroutine[None, None, T]) -> T:
    """Run in this thread, or in another where this one has a loop that runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    results: list[T] = []
    errors: list[BaseException] = []

    def in_thread() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it was asked for
            errors.append(error)

    thread = threading.Thread(target=in_thread, daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
