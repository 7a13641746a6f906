"""Since when a challenger has its percent and image, and what the log calls that: only such calls say how it does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from modelyard.api.history import loaded_at
from modelyard.api.locking import lock_file
from modelyard.api.request_log import digest
from modelyard.api.rollout_commits import Rollout
from modelyard.files import regular
from modelyard.files.git import GitProblem
from modelyard.files.git_log import Log
from modelyard.models.declared import DeclaredSet, Served
from modelyard.problems import has_errors
from modelyard.targets.workloads.pods import image

__all__ = ["images", "since"]


def images(models: DeclaredSet, served: Served) -> list[str]:
    """Return what the log may call a variant's image: its digest; its reference where the sidecar knows none."""
    reference = image(models, served.model)
    return list(dict.fromkeys([digest(reference), digest(models.locked(reference))]))


def since(own: Rollout) -> datetime:
    """Return the time of the commit that gave the challenger its percent or image.

    Where git has not what the models file says now, or there is no git, it is when a file of the set was last written.
    """
    files = [*map(Path, own.models.files), *([lock_file(own.file)] if regular.exists(lock_file(own.file)) else [])]
    try:
        found = _committed(own, files)
    except GitProblem:
        found = None
    if found is None:
        return datetime.fromtimestamp(max(each.stat().st_mtime for each in files), UTC)
    # Git knows whole seconds: what came in the same one may have come before.
    return datetime.fromtimestamp(found, UTC) + timedelta(seconds=1)


def _committed(own: Rollout, files: list[Path]) -> int | None:
    """Return the commit's time in seconds since 1970; None where HEAD says something else. Raises GitProblem."""
    log, found = Log(own.file), None
    now = _state(own.models, own)
    for commit in reversed(log.touched(*files, lock_file(own.file))):
        then = loaded_at(log, own.file, commit.hash, commit.hash)
        if then is not None and (then.models is None or has_errors(then.problems)):
            continue  # it was never served like this
        if then is None or then.models is None or _state(then.models, own) != now:
            break
        found = commit.time
    return found


def _state(models: DeclaredSet, own: Rollout) -> tuple[str, int] | None:
    """Return what a set says of the challenger, None where it has none."""
    for model in models.models:
        for each in model.served if model.name == own.model.name else ():
            if each.variant == own.served.variant:
                return models.locked(image(models, each.model)), each.percent or 0
    return None
