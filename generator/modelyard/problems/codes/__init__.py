"""The codes of all problems: a title, a severity, and what `modelyard explain CODE` says about it.

A file per family, by the first digit. They load with the first problem: a run without one needs none of their texts.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from modelyard.problems.codes.code import Code

__all__ = ["CODES", "Code"]


class _Codes(Mapping[str, Code]):
    @cached_property
    def _all(self) -> Mapping[str, Code]:
        from modelyard.problems.codes.families import ALL

        return ALL

    def __getitem__(self, code: str) -> Code:
        return self._all[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


CODES: Final[Mapping[str, Code]] = _Codes()
