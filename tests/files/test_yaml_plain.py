"""Plain text in what is written: only where no reader takes it for anything but this string."""

from itertools import product
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.files.yaml import quote, write, write_all
from modelyard.files.yaml.scalars import key_text, string_text
from tests.files.test_yaml_suite import suite
from tests.files.test_yaml_writer import MAX_KEY, MERGE, REFUSED, hostile_strings
from tests.support.hostile.readers import PYTHON, kubectl, kustomize_build, own
from tests.support.hostile.tables import table

# Words of YAML 1.1, 1.2, JSON and Go; and what numbers, dates and words of these are made of.
READ_AS_OTHERS: Final = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"]
PARTS: Final = ["0", "1", "_", ".", "-", "/", ":", "e", "E", "x", "b", "o", "y", "N"]


def cases_of(word: str) -> list[str]:
    return ["".join(letters) for letters in product(*((letter.lower(), letter.upper()) for letter in word))]


PLAIN: Final = [
    "Service",
    "v1",
    "serving.knative.dev/v1",
    "registry.example.com/m/churn:2.1.0",
    "localhost:5000/m/churn",
    "http://churn.scoring.svc.cluster.local:8080/churn",
    "MODEL_NAME",
    "/models/churn.pkl",
    "../base",
    ".dockerconfigjson",
    "__init__.py",
    "e5",
    "notebook",
    "yes.",
    "a:30",
]
QUOTED: Final = [
    *["", "~", "1.10", "90", "1e5", "0x1", "0o7", "0b1", "1_000", "190:20:30", "2024-01-02", "+1", "-1", "1.5.0"],
    *[".5", "._1", ".e5", ".e-5", "_1", "_", ".", "..", "...", "---", "-", "=", "<<", ".inf", ".NaN", "-.inf"],
    *["a: b", "a:", ":a", "a::b", "a #b", "#a", "a b", "a\tb", "@a", "a@b", "%a", "*a", "&a", "!a", "?", "a,b"],
    *["é", "a\u212a", "no\u017f", "a\u0660", "a\u00a0b", "{a}", "[a]", "'a'", '"a"', "`a`", "|", ">", "a\\b"],
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_every_reader_takes_for_this_string_is_plain(text: str) -> None:
    assert write({text: text, "list": [text]}) == f"{text}: {text}\nlist:\n- {text}\n"


@pytest.mark.parametrize("text", QUOTED)
def test_what_a_reader_could_mistake_is_quoted(text: str) -> None:
    assert write({text: text, "list": [text]}) == f"{quote(text)}: {quote(text)}\nlist:\n- {quote(text)}\n"


@pytest.mark.parametrize("word", READ_AS_OTHERS)
def test_words_are_quoted_in_any_case(word: str) -> None:
    for each in cases_of(word):
        assert write({each: each, f".{each}": f".{each}"}) == f'"{each}": "{each}"\n".{each}": ".{each}"\n'


@pytest.mark.parametrize("key", ["$patch", "$retainKeys", "$setElementOrder/containers"])
def test_directives_of_a_patch_are_plain_keys(key: str) -> None:
    assert write({key: key}) == f'{key}: "{key}"\n'


def test_a_string_is_looked_at_once_in_a_stream() -> None:
    for each in (string_text, key_text):
        each.cache_clear()
    assert write_all([{"a": ["b", "b"]}, {"a": "b"}, {"a": {"c": "b"}}]).count("b") == 4
    assert [each.cache_info().misses for each in (string_text, key_text)] == [1, 2]


# ------------------------------------------------------------ all readers


def misread(strings: list[str], kustomize: Path, folder: Path) -> dict[str, list[str]]:
    """Return, for each reader, which of the strings it does not take for themselves, as a value or as a key."""
    objects = [
        {"apiVersion": "v1", "kind": "Example", "metadata": {"name": name}, "spec": spec}
        for name, spec in (("values", {"texts": strings}), ("keys", {text: f"v{n}" for n, text in enumerate(strings)}))
    ]
    text = write_all(objects)
    built = kustomize_build(kustomize, text, folder)
    seen = {name: reader(text) for name, reader in {**PYTHON, "modelyard": own}.items()}
    seen |= {"kubectl": kubectl(folder / "resources.yaml"), "kustomize and kubectl": kubectl(built)}
    wrong = {}
    for name, found in seen.items():
        specs = {each["metadata"]["name"]: each["spec"] for each in found}
        assert len(specs["values"]["texts"]) == len(strings)
        values = [text for text, value in zip(strings, specs["values"]["texts"], strict=True) if value != text]
        wrong[name] = values + [text for n, text in enumerate(strings) if specs["keys"].get(text) != f"v{n}"]
    return {name: texts for name, texts in wrong.items() if texts}


def short_strings() -> list[str]:
    """Return all strings of up to three parts, and the words in any case, alone and beside a part."""
    made = ["".join(parts) for length in range(1, 4) for parts in product(PARTS, repeat=length)]
    words = [case for word in READ_AS_OTHERS for case in cases_of(word)]
    spelt = [case for word in READ_AS_OTHERS for case in (word, word.capitalize(), word.upper())]
    beside = [each for word in spelt for part in PARTS for each in (part + word, word + part)]
    return list(dict.fromkeys([*made, *words, *beside]))


def test_short_strings_come_back_from_all_readers(kustomize: Path, tmp_path: Path) -> None:
    strings = short_strings()
    assert sum(write(text)[0] != '"' for text in strings) > 2_000
    assert misread(strings, kustomize, tmp_path) == {}


def hostile_texts(shared: Path) -> list[str]:
    """Return the hostile strings, and the YAML test suite's documents, lines and words, where they are text."""
    documents = [case.text for case in suite()]
    parts = [part for text in documents for part in (text, *text.split("\n"), *text.split())]
    cells = [cell for row in table("attacks.tsv") for cell in row.values()]
    found = dict.fromkeys([*hostile_strings(shared), *parts, *cells])
    return [text for text in found if text != MERGE and len(text) <= MAX_KEY and not REFUSED.search(text)]


def test_hostile_strings_come_back_from_all_readers(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    strings = hostile_texts(shared)
    assert len(strings) > 2_000
    assert misread(strings, kustomize, tmp_path) == {}


TEXTS: Final = st.one_of(
    st.from_regex(r"[A-Za-z/_.][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)*:?", fullmatch=True),
    st.lists(st.sampled_from([*PARTS, *READ_AS_OTHERS, "$", "@", "=", "<<", "~", " "]), max_size=6).map("".join),
)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS.filter(lambda text: text != MERGE), min_size=60, max_size=120, unique=True))
def test_strings_come_back_from_all_readers(kustomize: Path, tmp_path: Path, strings: list[str]) -> None:
    assert misread(strings, kustomize, tmp_path) == {}
