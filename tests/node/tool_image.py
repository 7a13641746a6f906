"""An image with modelyard and pyarrow, of the Python that runs these tests, on Debian: what spec.toolImage names."""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from tests.conftest import CLUSTER, ROOT, need
from tests.node.images import Images

_PYTHON: Final = Path("opt/python")
_LEFT_OUT: Final = (
    "site-packages",
    "dist-packages",
    "test",
    "idlelib",
    "tkinter",
    "ensurepip",
    "lib2to3",
    "__pycache__",
)
_UNUSED: Final = (".pyc", ".h", ".hpp", ".pxd")
_LIBRARY: Final = re.compile(r"=> (/\S+) \(")
_COMMAND: Final = '#!/bin/sh\nexec /opt/python/bin/python3 -m modelyard "$@"\n'


def push(images: Images, name: str, folder: Path) -> str:
    """Push the image, and return its reference."""
    _python(folder / _PYTHON)
    _packages(folder / "packages")
    command = folder / "modelyard"
    command.write_text(_COMMAND, "utf-8")
    command.chmod(0o755)
    (folder / "debian.tar").hardlink_to(need(CLUSTER / "debian.tar", "`tests/support/cluster/node build` makes it"))
    lines = [
        "FROM scratch", "ADD debian.tar /", f"COPY {_PYTHON} /{_PYTHON}", "COPY packages /opt/packages",
        "COPY modelyard /usr/bin/modelyard", f"ENV PATH=/{_PYTHON}/bin:/usr/bin:/bin", f"ENV PYTHONHOME=/{_PYTHON}",
        f"ENV LD_LIBRARY_PATH=/{_PYTHON}/libraries", "ENV PYTHONPATH=/opt/packages", "USER 1001:0",
    ]  # fmt: skip
    (folder / "Containerfile").write_text("\n".join(lines) + "\n", "utf-8")
    return images.push_context(name, folder)


def _python(folder: Path) -> None:
    """Copy Python, its standard library, and the libraries of the system that they need."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = folder / "lib" / version
    shutil.copytree(sysconfig.get_path("stdlib"), library, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    (folder / "bin").mkdir()
    shutil.copy(Path(sys.executable).resolve(), folder / "bin" / "python3")
    libraries = folder / "libraries"
    libraries.mkdir()
    for each in (folder / "bin" / "python3", *(library / "lib-dynload").glob("*.so")):
        done = subprocess.run(["ldd", str(each)], capture_output=True, text=True, check=False)
        for path in _LIBRARY.findall(done.stdout):
            if not Path(path).name.startswith(("libc.", "libm.", "ld-", "libpthread.", "libdl.")):
                shutil.copy(path, libraries / Path(path).name)


def _packages(folder: Path) -> None:
    """Copy modelyard, and what it and its extra `parquet` need; of the tests the stand-in of a model."""
    for name in sorted(set(_needed("modelyard"))):
        for file in metadata.distribution(name).files or []:
            source, place = Path(str(file.locate())), folder / str(file)
            if ".." in file.parts or file.name.endswith(_UNUSED):
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "generator" / "modelyard", folder / "modelyard", ignore=ignored)
    shutil.copytree(ROOT / "templates", folder / "modelyard" / "templates")
    shutil.copy(ROOT / "tests" / "support" / "model_server.py", folder / "model_server.py")


def _needed(name: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    if name in seen:
        return
    yield name
    for each in metadata.requires(name) or []:
        required = re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0]
        if "extra ==" in each and not (name == "modelyard" and 'extra == "parquet"' in each.replace("'", '"')):
            continue
        try:
            metadata.distribution(required)
        except metadata.PackageNotFoundError:
            continue  # of another system
        yield from _needed(required, seen | {name})
