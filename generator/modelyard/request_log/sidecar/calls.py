"""One call on its way: what still goes to the model, and what is kept of both bodies for the log."""

import time
from typing import TYPE_CHECKING, Final

from modelyard.request_log.sidecar.heads import Headers

if TYPE_CHECKING:
    from modelyard.request_log.sidecar.back import Back

UNSENT: Final = 1 << 18  # bytes for the model that may wait here; then the caller waits
MOST_KEPT: Final = 8 << 20  # bytes of one call that are kept for the log


class Call:
    """A call from its first byte to the last of its answer.

    whole: the request has come to its end. begun: the answer has begun, and cannot be another any more. chunked,
    answer_chunked: which of their bodies goes on in chunks. counted: its answer and latency are.
    """

    __slots__ = (
        "answer_chunked", "at", "back", "begun", "chunked", "close", "counted", "head_only", "headers", "identity",
        "inputs", "kept", "logged", "old", "output_encoding", "output_type", "outputs", "started", "status", "unsent",
        "url", "waiting", "whole",
    )  # fmt: skip

    def __init__(self) -> None:
        self.at = time.time_ns() // 1000
        self.started = time.perf_counter_ns()
        self.url = b""
        self.headers = Headers()
        self.identity = b""
        self.unsent: list[bytes] = []
        self.waiting = 0
        self.back: Back | None = None
        self.logged = self.counted = False
        self.kept = 0
        self.inputs: list[bytes] = []
        self.outputs: list[bytes] = []
        self.output_type = self.output_encoding = ""
        self.status = 0
        self.chunked = self.answer_chunked = self.close = self.whole = self.begun = self.head_only = self.old = False

    def send(self, content: bytes) -> None:
        """Put bytes in the queue to the model."""
        self.unsent.append(content)
        self.waiting += len(content)

    def texts(self) -> tuple[str, ...]:
        """Return what a record says of the call in words."""
        path = self.url.partition(b"?")[0].decode("latin-1")
        return (
            self.identity.decode("latin-1"), path, self.headers.media_type(), self.headers.encoding(),
            self.output_type, self.output_encoding,
        )  # fmt: skip
