"""Kustomizations for tests of edits: copies of real files, made ones in all styles, and what must hold for both."""

import codecs
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from modelyard.kustomize.kustomization.edit import with_entry, without_entry

ENTRY: Final = "site-config/modelyard-risk"
SHOWN: Final = "kustomization.yaml"

VARIANTS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "as it is": lambda content: content,
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "BOM": lambda content: codecs.BOM_UTF8 + content,
    "no final newline": lambda content: content.rstrip(b"\n"),
    "all three": lambda content: codecs.BOM_UTF8 + content.rstrip(b"\n").replace(b"\n", b"\r\n"),
}


def added(content: bytes, key: str = "components", entry: str = ENTRY) -> bytes:
    """Return the content with an entry; it must not be refused."""
    new, problems = with_entry(content, key, entry, shown=SHOWN)
    assert new is not None, problems
    return new


def removed(content: bytes, key: str = "components", entry: str = ENTRY) -> bytes:
    """Return the content without an entry; it must not be refused."""
    new, problems = without_entry(content, key, entry, shown=SHOWN)
    assert new is not None, problems
    return new


def changed_lines(old: bytes, new: bytes) -> list[bytes]:
    """Return the lines of old that are not in new, in their order; line ends count, but for a missing last one."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if before and not before[-1].endswith((b"\n", b"\r")):
        end = next((line[len(line.rstrip(b"\r\n")) :] for line in before if line.endswith((b"\n", b"\r"))), b"\n")
        before, after = [*before[:-1], before[-1] + end], [*after[:-1], after[-1] + end]
    opcodes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [line for what, start, end, *_ in opcodes if what in {"replace", "delete"} for line in before[start:end]]


def data(content: bytes) -> dict[str, Any]:
    """Return the data of a file's first document as PyYAML reads it, every scalar as text."""
    found = next(yaml.load_all(content, Loader=yaml.BaseLoader))
    return found if isinstance(found, dict) else {}


def data_without(content: bytes, key: str = "components", entry: str = ENTRY) -> dict[str, Any]:
    """Return a file's data without an entry, and without its list if it has no others."""
    found = data(content)
    items = found.get(key)
    found[key] = [each for each in items if each != entry] if isinstance(items, list) else []  # null, or missing
    return {name: value for name, value in found.items() if name != key or value}


def faults(content: bytes, key: str) -> Iterator[str]:
    """Yield what is wrong when an entry is put in, put in again, and taken out."""
    new = added(content, key)
    if data(new)[key].count(ENTRY) != 1 or data_without(new, key) != data_without(content, key):
        yield f"other data: {new!r}"
    if added(new, key) != new or added(new, key, f"./{ENTRY}/") != new:
        yield f"added twice: {new!r}"
    if removed(content, key) != content:
        yield "taken out what was not in"
    if removed(new, key) != content or removed(new, key, f"./{ENTRY}/") != content:
        yield f"not given back: {new!r}"


_COMMENTS: Final = ("", "", "", " # note", "  #\ttab", " # - old", " #")
_PATHS: Final = ("a", "b.yaml", "../c", "./d/", "'it''s'", '"e f"', "'https://example.com/x?ref=v1'", "g.yaml")
_NULLS: Final = ("", " null", " ~", "   Null", " NULL", "\n  ~")
_BLOCKS: Final = (
    "patches:\n- patch: |{0}\n    - op: add\n      # no comment\n\n      path: /x\n",
    "patches:\n  - target: {{kind: Deployment}}\n    patch: >{0}\n      folded\n      text\n",
    "configMapGenerator:\n- name: x\n  literals:\n  - a=1\n  - b={{{{ c }}}}\n",
    "commonLabels: {{a: b, c: 'd'}}\n",
    "commonLabels: &labels\n  a: b\nx: *labels\n",
    'namespace: "ä"\n',
    "namespace: plain text\n  that goes on\n",
    "images: []\n",
)


@st.composite
def block_lists(draw: st.DrawFn, key: str) -> str:
    """Make a list with dashes."""
    indent, lead = draw(st.sampled_from([("", "- "), ("  ", "- "), ("    ", "-   ")]))
    lines = [f"{key}:{draw(st.sampled_from(_COMMENTS))}"]
    for path in draw(st.lists(st.sampled_from([*_PATHS, "|-\n      kind: X\n      # in"]), min_size=1, max_size=4)):
        lines += draw(st.sampled_from([[], [], [""], ["# between"], [f"{indent}# - off"], ["      # deep"]]))
        end = "" if path.startswith("|") else draw(st.sampled_from(_COMMENTS))
        lines.append(f"{indent}{lead}{path}{end}")
    return "\n".join(lines) + "\n"


@st.composite
def flow_lists(draw: st.DrawFn, key: str) -> str:
    """Make a list between brackets, in one line or in several."""
    paths = draw(st.lists(st.sampled_from(_PATHS), max_size=3))
    if draw(st.booleans()):
        comma = draw(st.sampled_from([", ", ",", " , "]))
        start, end = draw(st.sampled_from([("[", "]"), ("[ ", " ]"), ("[", ",]" if paths else "]")]))
        return f"{key}: {start}{comma.join(paths)}{end}{draw(st.sampled_from(_COMMENTS))}\n"
    trailing = draw(st.booleans())
    lines = [f"{key}: [{draw(st.sampled_from(_COMMENTS))}"]
    for number, path in enumerate(paths, 1):
        comma = "," if trailing or number < len(paths) else ""
        lines.append(f"  {path}{comma}{draw(st.sampled_from(_COMMENTS))}")
    return "\n".join([*lines, *draw(st.sampled_from([[], ["  # end"]])), draw(st.sampled_from(["]", "  ]"]))]) + "\n"


@st.composite
def lists(draw: st.DrawFn) -> str:
    """Make one of the lists that are edited, or none."""
    key = draw(st.sampled_from(["components", '"components"', "'components'", "components "]))
    null = f"{key}:{draw(st.sampled_from(_NULLS))}{draw(st.sampled_from(_COMMENTS))}\n"
    return draw(st.one_of(block_lists(key), flow_lists(key), st.just(null), st.just("")))


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Make a whole file."""
    others = draw(st.lists(st.sampled_from(_BLOCKS), max_size=3, unique_by=lambda block: block.split(":")[0]))
    parts = [block.format(draw(st.sampled_from(["", "-", "+", "2", "2-"]))) for block in others]
    parts += [draw(block_lists("resources"))] if draw(st.booleans()) else []
    parts += [draw(lists())]
    between = st.sampled_from(["", "", "\n", "# about\n", "\n# about\n#- x\n"])
    body = "".join(draw(between) + part for part in [*draw(st.permutations(parts)), "kind: Kustomization\n"][::-1])
    head = draw(st.sampled_from(["", "# licence\n", "---\n", "# x\n\n---\n# y\n"]))
    tail = draw(st.sampled_from(["", "\n", "\n\n  ", "# end\n", "\n#tail", "...\n", "---\n", "---\n# z"]))
    text = head + body + tail
    text = text.rstrip("\n") if draw(st.booleans()) else text
    content = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))).encode()
    return draw(st.sampled_from([b"", codecs.BOM_UTF8])) + content
