"""An AWS for tests: moto, with the one call that it lacks, and a record of what changes something."""

import contextlib
import io
import json
import runpy
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

import boto3
from moto import mock_aws
from moto.sagemaker.models import sagemaker_backends

REGION: Final = "eu-west-1"
ACCOUNT: Final = "123456789012"  # moto's own
CHANGES: Final = ("Create", "Update", "Delete", "Register", "Deregister", "Put")


@dataclass
class Run:
    """What a run of a program gave: its exit code or message, what it printed, and its calls that change something."""

    exit: object
    out: str
    calls: list[str]


@dataclass
class Aws:
    """A region. calls: the operations since the last run began. updates: what UpdateEndpoint was asked for.

    fails: what the next endpoint that is created or updated dies of.
    """

    calls: list[str] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    fails: str | None = None

    @property
    def endpoints(self) -> dict[str, Any]:
        """Moto's endpoints by name."""
        found: dict[str, Any] = sagemaker_backends[ACCOUNT][REGION].endpoints
        return found

    def run(self, program: str, folder: Path, *arguments: str) -> Run:
        """Run a printed program as a user does."""
        path = folder / "deploy.py"
        path.write_text(program, "utf-8")
        self.calls.clear()
        out = io.StringIO()
        code: object = 0
        with mock.patch.object(sys, "argv", [str(path), *arguments]), contextlib.redirect_stdout(out):
            try:
                runpy.run_path(str(path), run_name="__main__")
            except SystemExit as ended:
                code = ended.code
        return Run(code, out.getvalue(), list(self.calls))

    def record(self, model: Any, **_: object) -> None:
        """Note a call that changes something."""
        if model.name.startswith(CHANGES):
            self.calls.append(model.name)

    def created(self, parsed: dict[str, Any], **_: object) -> None:
        """Let a new endpoint fail, if it is to."""
        name = parsed["EndpointArn"].rpartition("/")[2]
        if self.fails:
            self.endpoints[name].endpoint_status = "Failed"
            self.endpoints[name].failure_reason = self.fails

    def update(self, params: dict[str, Any], **_: object) -> tuple[SimpleNamespace, dict[str, Any]]:
        """Answer UpdateEndpoint, which moto does not have: as AWS, which rolls back what fails."""
        request = json.loads(params["body"])
        self.calls.append("UpdateEndpoint")  # what answers a call is the last that sees it
        self.updates.append(request)
        endpoint = self.endpoints[request["EndpointName"]]
        endpoint.failure_reason = self.fails
        if self.fails is None:
            endpoint.endpoint_config_name = request["EndpointConfigName"]
        return SimpleNamespace(status_code=200), {"EndpointArn": endpoint.arn}


@contextlib.contextmanager
def aws() -> Iterator[Aws]:
    """Make an empty AWS for the time of the context."""
    with mock_aws():
        boto3.setup_default_session(region_name=REGION)
        region = Aws()
        events = boto3._get_default_session().events
        events.register("before-call", region.record)
        events.register("before-call.sagemaker.UpdateEndpoint", region.update)
        events.register("after-call.sagemaker.CreateEndpoint", region.created)
        yield region
    boto3.DEFAULT_SESSION = None
