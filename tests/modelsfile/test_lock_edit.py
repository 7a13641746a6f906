"""Edits of a lock: its images come, change and go, and all else stays byte for byte."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from modelyard.files.yaml import Sources, read, write
from modelyard.models.contract import Column, Contract, PinnedContract
from modelyard.modelsfile.lock_edit import with_contract, with_digests

HEAD: Final = "# Written by hand too.\napiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\n"
ONE, TWO, THREE = (f"sha256:{each * 64}" for each in "123")
IMAGES: Final = st.dictionaries(
    st.sampled_from([f"registry.example.com/{name}:{tag}" for name in "abc" for tag in ("1", "2.0", "latest")]),
    st.sampled_from([ONE, TWO, THREE]),
    min_size=1,
)


def text(images: dict[str, str]) -> str:
    return HEAD + "images:\n" + "".join(f"  {image}: {digest}\n" for image, digest in sorted(images.items()))


@given(IMAGES, IMAGES)
def test_a_lock_that_is_edited_is_the_one_that_would_be_written(before: dict[str, str], after: dict[str, str]) -> None:
    changed, problems = with_digests(text(before).encode(), after, shown="models.lock.yaml")
    assert changed is not None, problems
    assert sorted(changed.decode().splitlines()) == sorted(text(after).splitlines())


def test_comments_stay_and_an_empty_lock_is_filled() -> None:
    old = f"{HEAD}images:\n  a.io/a:1: {ONE} # asked by hand\n  a.io/c:1: {TWO}\ncontracts: {{}}\n"
    changed, _ = with_digests(old.encode(), {"a.io/a:1": ONE, "a.io/b:1": THREE}, shown="models.lock.yaml")
    assert changed == (
        f"{HEAD}images:\n  a.io/a:1: {ONE} # asked by hand\n  a.io/b:1: {THREE}\ncontracts: {{}}\n".encode()
    )
    changed, _ = with_digests(f"{HEAD}images: {{}}\n".encode(), {"a.io/a:1": ONE}, shown="models.lock.yaml")
    assert changed == f"{HEAD}images: {{a.io/a:1: {ONE}}}\n".encode()


def test_a_lock_without_a_safe_place_is_left_alone() -> None:
    changed, problems = with_digests(f"{HEAD}images:\n".encode(), {"a.io/a:1": ONE}, shown="models.lock.yaml")
    assert (changed, [each.code for each in problems]) == (None, ["MY408"])


NAMES: Final = st.sampled_from(["churn", "fraud", "no", "score-2", "1e5"])
COLUMNS: Final = st.dictionaries(
    st.sampled_from(["age", "on", "a: b", "", "é", "# x"]),
    st.builds(Column, type=st.sampled_from(["number", "string"]), maxLength=st.sampled_from([None, 20])),
)
CONTRACTS: Final = st.builds(
    lambda digest, inputs, outputs: PinnedContract(
        pinned=digest, served=digest, images={digest: Contract(origin="MLmodel", inputs=inputs, outputs=outputs)}
    ),
    st.sampled_from([ONE, TWO, THREE]),
    COLUMNS,
    COLUMNS,
)


def whole(contracts: dict[str, PinnedContract]) -> str:
    data = {name: contracts[name].model_dump(by_alias=True, exclude_defaults=True) for name in sorted(contracts)}
    return text({"a.io/a:1": ONE}) + (write({"contracts": data}) if data else "")


@given(st.dictionaries(NAMES, CONTRACTS), NAMES, CONTRACTS)
def test_a_contract_that_is_put_in_makes_the_lock_that_would_be_written(
    before: dict[str, PinnedContract], name: str, new: PinnedContract
) -> None:
    changed, problems = with_contract(whole(before).encode(), name, new, shown="models.lock.yaml")
    assert problems == []
    assert read(changed, Sources(), "").data == read(whole({**before, name: new}).encode(), Sources(), "").data
    assert sorted(changed.decode().splitlines()) == sorted(whole({**before, name: new}).splitlines())


def test_comments_beside_a_contract_stay_and_braces_are_left_alone() -> None:
    one, two = (PinnedContract(pinned=each, served=each, images={}) for each in (ONE, TWO))
    old = whole({"churn": one, "fraud": one}).replace("contracts:", "# by hand\ncontracts: # and here")
    old += "# the end\n"
    changed, _ = with_contract(old.encode(), "churn", two, shown="models.lock.yaml")
    before, name, rest = old.partition("  churn:\n")
    own, other, after = rest.partition("  fraud:\n")
    assert changed.decode() == before + name + own.replace(ONE, TWO) + other + after
    braces = f"{HEAD}images: {{a.io/a:1: {ONE}}}\ncontracts: {{}}\n".encode()
    changed, problems = with_contract(braces, "churn", two, shown="models.lock.yaml")
    assert (changed, [each.code for each in problems]) == (braces, ["MY408"])
