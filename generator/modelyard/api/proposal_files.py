"""Where a commit that nobody has checked out is made, and what it changes: the models file and what follows from it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from modelyard.api.locking import lock_file
from modelyard.api.pipeline import GENERATED, generated, load, models_file, overlay, write
from modelyard.files import disk, regular
from modelyard.files.branches import Branches
from modelyard.files.git import GitProblem, Repository
from modelyard.problems import has_errors, problem

__all__ = ["Where", "files", "place"]


class Where(NamedTuple):
    """A models file in a repository; name: as git calls it."""

    file: Path
    root: Path
    name: str
    branches: Branches


def place(file: str | Path) -> Where:
    """Return where a models file is. Raises GitProblem MY721 without a repository, MY782 for what is not committed."""
    path = models_file(file)
    repository = Repository(path)
    name = repository.name(path)
    loaded = load(file)
    found = [path, *(Path(each) for each in (loaded.models.files if loaded.models else ()))]
    lock = lock_file(file)
    found += [lock] if regular.exists(lock) else []
    branches = Branches(repository.root)
    if name is None or not branches.is_committed(*(each.resolve() for each in found)):
        hint = "commit the models file, its base and its lock; a proposal is a commit on top of that"
        raise GitProblem(problem("MY782", f"{path} is not committed as it is", hint=hint))
    return Where(path, repository.root, name, branches)


def files(where: Where, read: Sequence[str], changed: Mapping[Path, tuple[bytes, bytes]]) -> dict[str, bytes | None]:
    """Return what a commit changes: the files that change, and `generated/` where that is under git.

    read: what the models file is made of. changed: path -> content before and after. Raises GitProblem MY782 where
    HEAD has another `generated/` than its models file gives: the commit would change more than it says.
    """
    found: dict[str, bytes | None] = {
        path.resolve().relative_to(where.root).as_posix(): after
        for path, (before, after) in changed.items()
        if after != before
    }
    folder = where.file.resolve().parent / GENERATED
    repository = Repository(where.root)
    tracked = {name: repository.content("HEAD", name) for name in repository.files("HEAD", folder)}
    if tracked:
        base = folder.relative_to(where.root).as_posix()
        before, after = (
            {f"{base}/{name}": content for name, content in _rendered(where, read, each).items()}
            for each in ({}, changed)
        )
        if before != tracked:
            message = f"{base} is not committed as {where.name} renders it"
            hint = "run `modelyard render` and commit what it writes: a proposal changes nothing else"
            raise GitProblem(problem("MY782", message, hint=hint))
        found |= {name: after.get(name) for name in {*tracked, *after}}
    return found


def _rendered(where: Where, read: Sequence[str], changed: Mapping[Path, tuple[bytes, bytes]]) -> Mapping[str, bytes]:
    """Return what `modelyard render` would write after the edit, from a copy of all files that it reads."""
    lock = lock_file(where.file)
    beside = [lock] if regular.exists(lock) else []
    with TemporaryDirectory(prefix="modelyard-") as folder:
        for each in (*map(Path, read), *beside, *changed):
            name = each.resolve().relative_to(where.root)
            target = Path(folder) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(changed[each][1] if each in changed else each.read_bytes())
        file = Path(folder) / where.file.resolve().relative_to(where.root)
        rendering = overlay(file)
        errors = [each for each in rendering.problems if has_errors([each])] or write(file, rendering)
        if errors:
            raise GitProblem(errors[0])
        return disk.read(generated(file))
