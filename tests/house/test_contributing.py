"""CONTRIBUTING.md is true: its map is the house, its paths are there, and its recipes lead where they say."""

import re

from modelyard.problems.codes import CODES
from tests.support import house_map
from tests.support.house_map import PACKAGE, ROOT

TEXT = house_map.PAGE.read_text("utf-8")
BELOW = TEXT.partition(house_map.END)[2]  # the rooms' own words speak of what users have
# Words that stand for a name in a path.
_BLANKS = re.compile(r"\b(?:NAME|WHAT|CODE|ROOM|TARGET)\b")


def test_the_map_is_drawn_from_the_code() -> None:
    assert house_map.page() == TEXT, "run `make map`"
    assert len(house_map.floors()) <= 12
    assert sum(len(each) for each in house_map.floors()) <= 20


def test_every_room_is_a_floor_s_and_says_what_it_is() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert {room for floor in house_map.floors() for room in floor} == rooms
    assert [room for room in rooms if len(house_map.says(room)) < 40] == []


def test_every_path_exists() -> None:
    paths = set(re.findall(r"`([\w./-]+/[\w./-]*)`", BELOW))
    known = [path for path in paths if not _BLANKS.search(path) and not path.startswith("../")]
    assert len(known) > 15
    folders = (ROOT, PACKAGE)
    assert [path for path in known if not any((folder / path).exists() for folder in folders)] == []


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = {word for line in re.findall(r"make ((?:[a-z-]+ ?)+)", TEXT) for word in line.split()}
    assert {"schema", "reference", "check", "test", "map"} <= named
    there = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {each for each in named if each not in there} <= {"for", "calls", "the"}


def test_a_family_of_codes_begins_where_the_name_of_its_file_says() -> None:
    files = sorted((PACKAGE / "problems" / "codes").glob("my*.py"))
    assert len(files) > 10
    seen: list[str] = []
    for path in files:
        digits = path.stem.removeprefix("my").partition("_")[0]
        codes = re.findall(r'^    "(MY\d{3})": ', path.read_text("utf-8"), re.MULTILINE)
        assert codes
        assert [code for code in codes if code[2] != digits[0] or code[2:] < digits.ljust(3, "0")] == [], path.name
        seen += codes
    assert sorted(seen) == sorted(CODES), "a code is in one file"
