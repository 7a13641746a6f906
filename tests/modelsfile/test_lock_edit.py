"""Edits of a lock: its images come, change and go, and all else stays byte for byte."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from modelyard.modelsfile.lock_edit import with_digests

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
