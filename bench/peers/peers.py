"""The peers: where each comes from, how its program is laid out for a set, and what is run."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.peers import kustomizations
from bench.peers.measure import ENVIRONMENT, Command
from bench.peers.sets import Values, models_file, values
from bench.peers.written import quoted

CACHE: Final = Path.home() / ".cache" / "modelyard"
PROGRAMS: Final = Path(__file__).parent / "programs"
MODELYARD: Final = [sys.executable, "-m", "modelyard"]


class Unavailable(Exception):  # noqa: N818 - of the machine, not a fault of the program
    """A peer cannot be had on this machine; says why."""


@dataclass(frozen=True)
class Source:
    """Where a program comes from: a module of Go, or packages of PyPI; with its version."""

    name: str
    version: str
    module: str = ""
    packages: tuple[str, ...] = ()
    needs: str = ""  # a program that must be there already

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return CACHE / f"{self.name}-{self.version}"

    def program(self) -> Path:
        """Return the program, or Python of its environment, installed on demand. Raises Unavailable."""
        path = self.folder / ("bin/python" if self.packages else self.name)
        if self.needs and not shutil.which(self.needs):
            raise Unavailable(f"needs {self.needs}")
        if not path.exists() or (self.packages and not (self.folder / "installed").exists()):
            self._install()
        return path

    def _install(self) -> None:
        if self.packages:
            uv = str(Path(sys.executable).parent / "uv")
            _call([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(self.folder)])
            _call([uv, "pip", "install", "--quiet", "--python", str(self.folder), *self.packages])
            (self.folder / "installed").touch()
        else:
            _call(["go", "install", f"{self.module}@{self.version}"], CGO_ENABLED="0", GOBIN=str(self.folder))


def _call(command: Sequence[str], **environment: str) -> None:
    try:
        done = subprocess.run(
            command, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, timeout=900, check=False
        )
    except FileNotFoundError as error:
        raise Unavailable(f"needs {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{command[0]} took more than 15 minutes") from error
    if done.returncode:
        raise Unavailable(_reason(done.stderr))


def _reason(text: str) -> str:
    """Return the last words of an installer, without the addresses that it asked."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"https?://\S+:?\s*", "", lines[-1]) if lines else "without a word"


HELM: Final = Source("helm", "v4.3.2", module="helm.sh/helm/v4/cmd/helm")
KUSTOMIZE: Final = Source("kustomize", "v5.8.1", module="sigs.k8s.io/kustomize/kustomize/v5")
JSONNET: Final = Source("jsonnet", "v0.22.0", module="github.com/google/go-jsonnet/cmd/jsonnet")
KCL: Final = Source("kcl", "0.13.2", packages=("kcl-lib==0.13.2",))
CDK8S: Final = Source("cdk8s", "2.70.115", packages=("cdk8s==2.70.115",), needs="node")
KAPITAN: Final = Source("kapitan", "0.36.3", packages=("kapitan==0.36.3",))

# Peers without a program in `programs/`, for they could not be had where those were written; a run tries again.
WITHOUT: Final = {
    "ytt": Source("ytt", "latest", module="carvel.dev/ytt/cmd/ytt"),
    "Timoni": Source("timoni", "latest", module="github.com/stefanprodan/timoni/cmd/timoni"),
}


@dataclass(frozen=True)
class Peer:
    """A program beside others: lays a folder out for values, and says what is run there and where the objects go."""

    name: str
    source: Source | None
    lay_out: Callable[[Path, Values], None]
    lines: Callable[[str], Sequence[Sequence[str]]]  # of the program's path
    written: str = ""  # the folder below which it writes; else it prints
    checks: bool = False

    def version(self) -> str:
        """Return the version that is measured."""
        return self.source.version.removeprefix("v") if self.source else ""

    def command(self, folder: Path) -> Command:
        """Return what is run in a folder that was laid out. Raises Unavailable."""
        program = str(self.source.program()) if self.source else ""
        written = folder / self.written

        def fresh() -> None:
            if self.written:
                shutil.rmtree(written, ignore_errors=True)

        return Command(self.lines(program), folder, folder.with_suffix(".out"), fresh=fresh)

    def texts(self, folder: Path) -> Iterator[str]:
        """Yield what the last run gave: a stream, or files."""
        if not self.written:
            yield folder.with_suffix(".out").read_text("utf-8")
        for path in sorted((folder / self.written).rglob("*.y*ml")) if self.written else ():
            if path.name not in ("kustomization.yaml", "kustomizeconfig.yaml"):
                yield path.read_text("utf-8")


def _copied(program: str, file: str, text: Callable[[Values], str]) -> Callable[[Path, Values], None]:
    """Return what copies a program, and writes the values into one file of it."""

    def lay_out(folder: Path, content: Values) -> None:
        shutil.copytree(PROGRAMS / program, folder, dirs_exist_ok=True)
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text(content), "utf-8")

    return lay_out


def _inventory(content: Values) -> str:
    """Return a class of reclass, where `${` begins a reference unless it is escaped."""
    return quoted({"parameters": content}).replace("${", "\\${")


def _models(folder: Path, content: Values) -> None:
    """Stand for modelyard, whose input is the models file that is there already."""
    assert folder.is_dir() and content  # noqa: S101, PT018 - one shape for all


PEERS: Final = (
    Peer("modelyard render", None, _models, lambda _: [[*MODELYARD, "render", "--no-cache"]], "generated", checks=True),
    Peer("Helm", HELM, _copied("helm", "values.yaml", quoted), lambda it: [[it, "template", "bench", "."]]),
    Peer(
        "Helm, with lint",
        HELM,
        _copied("helm", "values.yaml", quoted),
        lambda it: [[it, "lint", "."], [it, "template", "bench", "."]],
        checks=True,
    ),
    Peer("kustomize", KUSTOMIZE, kustomizations.lay_out, lambda it: [[it, "build", "."]]),
    Peer("KCL", KCL, _copied("kcl", "values.json", json.dumps), lambda it: [[it, "run.py"]]),
    Peer("go-jsonnet", JSONNET, _copied("jsonnet", "values.json", json.dumps), lambda it: [[it, "-y", "main.jsonnet"]]),
    Peer("cdk8s", CDK8S, _copied("cdk8s", "values.json", json.dumps), lambda it: [[it, "main.py"]], "dist"),
    Peer(
        "Kapitan",
        KAPITAN,
        _copied("kapitan", "inventory/classes/models.yml", _inventory),
        lambda it: [[str(Path(it).with_name("kapitan")), "compile"]],
        "compiled",
    ),
)


def lay_out(peer: Peer, folder: Path, name: str, count: int) -> Command:
    """Make the folder of a peer for a set; return what is run there. Raises Unavailable."""
    folder.mkdir(parents=True)
    if peer.source:
        peer.lay_out(folder, values(name, count))
    else:
        (folder / "models.yaml").write_text(models_file(name, count), "utf-8")
    return peer.command(folder)
