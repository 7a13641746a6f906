"""How long kustomize takes for many objects: it looks at all of them again for each one."""

from typing import Final

# Seconds of a processor for the square of the number of objects: kustomize 5.8.1 reads and writes 600 finished objects
# in 0.6 s, 1,200 in 1.9 s, 3,000 in 11 to 12 s; kubernetes-sigs/kustomize#5084 has 45 s for 4,000 of another shape.
_SQUARE: Final = 1.3e-6
LONG: Final = 10.0  # seconds that a person waits without wondering


def long_build(objects: int) -> str:
    """Return what to say of a build of so many objects: the estimate, and how to do without; empty if it is short."""
    seconds = _SQUARE * objects**2
    if seconds < LONG:
        return ""
    about = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
    return (
        f"kustomize takes about {about} for {objects:,} objects, and four times that for twice as many. "
        "`modelyard render --stdout` does without it; a models file and a kustomization for each namespace, "
        "built one by one, keep builds short"
    )
