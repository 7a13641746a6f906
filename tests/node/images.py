"""Images that pods of the node run, out of its own registry."""

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import py4j
import pyspark

from modelyard import __version__

REGISTRY: Final = "127.0.0.1:5000"
CAPABILITY: Final = "cap_net_bind_service=+ep"  # that the binary of Caddy's official image has

NO_PART_OF_SPARK: Final = ("__pycache__", "connect-repl", "data", "examples", "licenses", "rocksdbjni-*.jar")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other workers out of what is done about a folder, which need not be there yet."""
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass
class Images:
    """Makes images of programs, each once. node: the script that pushes them. folder: of all workers."""

    node: Path
    model: Path
    folder: Path

    def own_image(self, archive: Path) -> str:
        """Push the image of modelyard with its layers as they are, and return its reference."""
        return self.archived(f"modelyard:{__version__}", archive)

    def archived(self, name: str, archive: Path) -> str:
        """Push an image that lies in an archive with its layers as they are, and return its reference."""
        found = f"{REGISTRY}/{name}"
        command = [
            "skopeo",
            "copy",
            "--quiet",
            "--dest-tls-verify=false",
            f"oci-archive:{archive}",
            f"docker://{found}",
        ]
        with alone(self.folder / archive.stem):
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return found

    def model_image(self, name: str, **variables: str) -> str:
        """Push an image with the stand-in of a model alone, as user 1001, and return its reference."""
        lines = ["FROM scratch", "COPY model /model", "USER 1001:0"]
        lines += [f'ENV {key}="{value}"' for key, value in variables.items()]
        return self.push(name, [*lines, 'ENTRYPOINT ["/model"]'], [self.model])

    def caddy_image(self, caddy: Path) -> str:
        """Push an image of Caddy with the file capability that the official one has, and return its reference."""
        lines = ["FROM scratch", "COPY caddy /usr/bin/caddy", "ENV PATH=/usr/bin", 'CMD ["caddy"]']
        return self.push("caddy:2.11.9", lines, [caddy], capability=CAPABILITY)

    def wget_image(self, busybox: Path, debian: Path) -> str:
        """Push an image of Debian with BusyBox' wget, and return its reference."""
        lines = ["FROM scratch", "ADD debian.tar /", "COPY busybox /usr/bin/wget"]
        return self.push("wget:1", lines, [busybox, debian])

    def spark_image(self, parts: Path, debian: Path) -> str:
        """Push an image of Spark with the PySpark that is installed here, as user 185, and return its reference."""
        context = self.folder / "spark"
        shutil.copytree(parts, context)
        shutil.copy(debian, context)
        for module in (py4j, pyspark):
            home = Path(next(iter(module.__path__)))
            shutil.copytree(home, context / home.name, ignore=shutil.ignore_patterns(*NO_PART_OF_SPARK))
        image = self.push_context(f"spark:{pyspark.__version__}", context)
        shutil.rmtree(context)  # 700 MB
        return image

    def push(self, name: str, lines: list[str], files: list[Path], *, capability: str = "") -> str:
        """Build an image from the lines of a Containerfile and files beside it, push it, and return its reference."""
        context = self.folder / name.replace("/", "-").replace(":", "-")
        text = "\n".join(lines) + "\n"
        with alone(context):
            if not context.exists():
                self._push(name, text, files, capability, context)
        assert (context / "Containerfile").read_text("utf-8") == text, f"two images are named {name}"
        return f"{REGISTRY}/{name}"

    def _push(self, name: str, text: str, files: list[Path], capability: str, context: Path) -> None:
        unfinished = context.with_name(f"{context.name}.unfinished")
        unfinished.mkdir()
        for each in files:
            shutil.copy(each, unfinished / each.name)
            if capability:
                subprocess.run(["setcap", capability, str(unfinished / each.name)], check=True)
        (unfinished / "Containerfile").write_text(text, "utf-8")
        self.push_context(name, unfinished)
        unfinished.rename(context)

    def push_context(self, name: str, context: Path, *options: str) -> str:
        """Build what a folder holds, push it, and return its reference."""
        command = [str(self.node), "push", name, str(context), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return f"{REGISTRY}/{name}"
