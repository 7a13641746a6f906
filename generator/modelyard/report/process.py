"""A process that lives for one call: it begins without a search, and ends without tidying what ends with it anyway."""

import atexit
import gc
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import NoReturn

# Objects between two collections. The modules of a command are 100,000 and no cycle; with Python's 700 a fifth of the
# time that they take to load goes into looking for one.
_COLLECT: int = 100_000


def alone(main: Callable[[], NoReturn]) -> NoReturn:
    """Run a program whose process this is. `main` has written all it had to, as `stdio.guarded` sees to."""
    gc.set_threshold(_COLLECT)
    _without_plugins()
    code = 1
    # The first to be registered is called last, when threads have ended and all others have been called: what remains
    # is to take some hundred modules apart, which takes a tenth of the time of a short run.
    atexit.register(lambda: os._exit(code))
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
        raise


def _without_plugins() -> None:
    """Spare pydantic the search for plugins of its own, in the metadata of all distributions that are installed.

    PYDANTIC_DISABLE_PLUGINS ends the search, and importlib.metadata is loaded all the same, which takes 14 ms
    (pydantic 2.14, plugin/_loader.py). It does so when the first schema is built, and no import builds one.
    """
    loader = ModuleType("pydantic.plugin._loader")
    loader.get_plugins = tuple  # type: ignore[attr-defined]
    sys.modules[loader.__name__] = loader
