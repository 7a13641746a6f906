"""A lock file changed in place: digests of images that come, change and go, a model's contract, and nothing beside."""

from collections.abc import Mapping

from modelyard.files.yaml import Sources, edit, read, write
from modelyard.files.yaml.edit import NoPlaceError, Splice
from modelyard.files.yaml.nodes import Node, Tree, parse
from modelyard.files.yaml.scalars import key_text, string_text
from modelyard.models.contract import PinnedContract
from modelyard.problems import Problem, problem

_HINT = "run `modelyard lock` first: it writes the file anew"


def with_digests(content: bytes, images: Mapping[str, str], *, shown: str) -> tuple[bytes | None, list[Problem]]:
    """Return the content of a lock that has exactly these images, each at its place in their order.

    content: of a lock that reads without errors. None with MY408 where the text leaves no safe place.
    """
    try:
        return _with(content, images), []
    except NoPlaceError as error:
        return None, [problem("MY408", f"{shown} cannot be edited: {error}", hint=_HINT)]


def with_contract(content: bytes, model: str, contract: PinnedContract, *, shown: str) -> tuple[bytes, list[Problem]]:
    """Return the content of a lock that has this contract of a model, at its place in the order of names.

    content: as for `with_digests`. It stays as it is with MY408 where the text leaves no safe place.
    """
    data = contract.model_dump(by_alias=True, exclude_defaults=True)
    try:
        return _with_contract(content, model, data), []
    except NoPlaceError as error:
        return content, [problem("MY408", f"{shown} cannot be edited: {error}", hint=_HINT)]


def _with_contract(content: bytes, model: str, data: Mapping[str, object]) -> bytes:
    tree, images = _mapping(content)
    found = next((value for key, value in _root(tree).pairs() if key.value == "contracts"), None)
    lines = write(data).splitlines()
    if found is None:
        nested = [f"{key_text(model)}:", *(f"  {each}" for each in lines)]
        splices = edit.put(tree, _root(tree), "contracts", nested, beside="images")
    elif found.kind == "mapping" and (known := [str(key.value) for key, _ in found.pairs()]):
        before = [each for each in known if each < model] or known[:1]
        splices = edit.put(tree, found, model, lines, beside=before[-1])
    else:
        raise NoPlaceError("contracts is no mapping", images.start)
    new = edit.apply(tree.text, splices).encode()
    wanted, after = (read(each, Sources(), "").data for each in (content, new))
    contracts = {**(wanted.get("contracts") or {}), model: data} if isinstance(wanted, dict) else {}
    if not isinstance(wanted, dict) or after != {**wanted, "contracts": contracts}:
        raise NoPlaceError("an edit here would change something else", 0)
    return new


def _with(content: bytes, images: Mapping[str, str]) -> bytes:
    new = content
    for image in [*sorted(images), *sorted(_images(content).keys() - images.keys())]:  # one always stays
        if _images(new).get(image) != images.get(image):
            tree, mapping = _mapping(new)
            new = edit.apply(new.decode(), _splices(tree, mapping, image, images.get(image))).encode()
    if _images(new) != dict(images):
        raise NoPlaceError("an edit here would change something else", 0)
    return new


def _splices(tree: Tree, mapping: Node, image: str, digest: str | None) -> list[Splice]:
    known = {key.value: value for key, value in mapping.pairs()}
    if digest is None:
        return edit.unpaired(tree, mapping, image)
    if image in known:
        return [Splice(known[image].start, known[image].end, string_text(digest))]
    before = [each for each in known if each < image] or list(known)[:1] or [""]
    return edit.pair(tree, mapping, before[-1], key_text(image), string_text(digest))


def _mapping(content: bytes) -> tuple[Tree, Node]:
    tree, _ = parse(content, Sources(), "")
    found = next((value for key, value in _root(tree).pairs() if key.value == "images"), None) if tree else None
    if tree is None or found is None or found.kind != "mapping":
        raise NoPlaceError("it has no images", 0)
    return tree, found


def _root(tree: Tree) -> Node:
    if tree.root is None or tree.root.kind != "mapping":
        raise NoPlaceError("it is no mapping", 0)
    return tree.root


def _images(content: bytes) -> dict[str, str]:
    document = read(content, Sources(), "")
    data = document.data if isinstance(document.data, dict) and not document.problems else {}
    found = data.get("images")
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
