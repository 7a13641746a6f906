"""The bodies that each runtime takes, and the scores in its answers.

SAS Container Runtime takes one row, `{"data": {name: value}}`, and answers in the same form, older images with
`{"outputs": [{"name", "value"}]}`. SAS Python Container Runtime takes columns, `{"data": {name: [values]}}`, and
answers with columns or records. TensorFlow Serving takes `{"instances": [row]}` and answers `{"predictions": [row]}`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelyard.manifests.names import TENSORFLOW_PATH
from modelyard.score.cells import Misfit
from modelyard.score.contract import Contract
from modelyard.score.options import Row
from modelyard.score.typed import fitting

_MAX_DIGITS: Final = 4_300  # Python makes no integer of more, nor do most readers
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # OWASP ASVS 5, 1.2.10


class BadAnswer(Exception):  # noqa: N818 - a finding about the server, reported as the reason of a row
    """An answer that holds no scores for the rows that were sent; the text says why."""


class Number(str):
    """A number as the answer writes it: it goes into the output with the same digits."""

    __slots__ = ()

    @property
    def value(self) -> float | int:
        """The number itself."""
        return float(self) if set(self) & set(".eEIN") else int(self)


@dataclass(frozen=True, slots=True)
class Form:
    """How rows go to a model. names: of the inputs that the table has, in the order of Row.values.

    typed: scores must be of the types that the model declares, for their columns have these.
    """

    contract: Contract
    names: tuple[str, ...]
    escape_formulas: bool = False
    typed: bool = False

    def most(self, batch: int) -> int:
        """Return how many rows a call takes, if the caller wants `batch`."""
        return 1 if self.contract.runtime == "scr" else batch

    def path(self, path: str, step: str) -> str:
        """Return where rows are sent, for a model at this path, and a step of it if it has several."""
        if TENSORFLOW_PATH in path:
            return f"{path}:predict"
        return f"{path}/{step.strip('/')}" if step else path

    def body(self, rows: Sequence[Row]) -> bytes:
        """Return the body of a call."""
        keys = [json.dumps(name) for name in self.names]
        if self.contract.runtime == "scr":
            return f'{{"data":{_object(keys, rows[0].values)}}}'.encode()
        if self.contract.runtime == "pcr":
            columns = [f"[{','.join(values)}]" for values in zip(*(row.values for row in rows), strict=True)]
            return f'{{"data":{_object(keys, columns)}}}'.encode()
        signature = f'"signature_name":{json.dumps(self.contract.signature)},' if self.contract.signature else ""
        if len(keys) == 1:
            return f'{{{signature}"instances":[{",".join(row.values[0] for row in rows)}]}}'.encode()
        return f'{{{signature}"instances":[{",".join(_object(keys, row.values) for row in rows)}]}}'.encode()

    def scores(self, body: bytes, count: int) -> list[list[str]]:
        """Return for each of `count` rows the texts of its outputs. Raises BadAnswer."""
        try:
            answer = json.loads(body, parse_float=Number, parse_int=Number, parse_constant=_constant)
        except (ValueError, RecursionError):
            raise BadAnswer("the answer is not JSON") from None
        if not isinstance(answer, dict):
            raise BadAnswer("the answer is not a JSON object")
        rows = self._rows(answer)
        if len(rows) != count:
            raise BadAnswer(f"the answer has {len(rows)} rows for {count}")
        try:
            return [self._texts(row) for row in rows]
        except UnicodeEncodeError:
            raise BadAnswer("the answer holds half of a surrogate pair, which is not valid text") from None
        except (ValueError, RecursionError):  # a number of more than 4,300 digits, or a list that is too deep
            raise BadAnswer("the answer holds a value that cannot be written") from None

    def _rows(self, answer: dict[str, Any]) -> list[Any]:
        runtime = self.contract.runtime
        if runtime == "tensorflow":
            rows = answer.get("predictions")
            if not isinstance(rows, list):
                raise BadAnswer("the answer has no predictions")
            single = len(self.contract.outputs) == 1  # then TensorFlow leaves out the output's name
            named = [{self.contract.outputs[0]: row} if single and not isinstance(row, dict) else row for row in rows]
            return [{key: only(value) for key, value in row.items()} for row in named if isinstance(row, dict)]
        data = answer.get("data")
        if data is None and isinstance(answer.get("outputs"), list):
            outputs = (each for each in answer["outputs"] if isinstance(each, dict))
            data = {name: each.get("value") for each in outputs if isinstance(name := each.get("name"), str)}
        if runtime == "pcr" and isinstance(data, list):
            return data
        if not isinstance(data, dict):
            raise BadAnswer("the answer has no data")
        return _records(data) if runtime == "pcr" else [data]

    def _texts(self, row: object) -> list[str]:
        if not isinstance(row, dict):
            raise BadAnswer("the answer has a row that is not an object")
        lacking = [name for name in self.contract.outputs if name not in row]
        if lacking:
            raise BadAnswer(f"the answer lacks {', '.join(lacking[:5])}")
        texts = [self._text(row[name]) for name in self.contract.outputs]
        if self.typed:
            _fit(texts, self.contract)
        return texts

    def _text(self, value: object) -> str:
        if isinstance(value, Number):
            if len(value) > _MAX_DIGITS:
                raise BadAnswer(f"the answer holds a number of {len(value)} characters")
            return value
        if isinstance(value, str):
            value.encode()  # half of a character is not text
            return "'" + value if self.escape_formulas and value.startswith(_FORMULA) else value
        return plain_text(value)


def plain_text(value: object) -> str:
    """Return the text of a value as an output has it."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(_plain(value))


def _fit(texts: list[str], contract: Contract) -> None:
    try:
        fitting(texts, contract)
    except Misfit as misfit:
        raise BadAnswer(f"the answer has {misfit}") from None


def _object(keys: Sequence[str], values: Sequence[str]) -> str:
    return "{" + ",".join([f"{key}:{value}" for key, value in zip(keys, values, strict=True)]) + "}"


def only(value: object) -> object:
    """Return the value of a tensor that has one, of shape (1)."""
    return value[0] if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list) else value


def _records(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of columns; values that are no lists are those of a single row."""
    lists = {name: values if isinstance(values, list) else [values] for name, values in columns.items()}
    if len({len(values) for values in lists.values()}) > 1:
        raise BadAnswer("the answer has columns of different lengths")
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _constant(name: str) -> object:
    return None if name == "NaN" else Number(name)  # Python's own servers write NaN for a missing number


def _plain(value: object) -> object:
    if isinstance(value, Number):
        return value.value
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
