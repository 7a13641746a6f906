"""`render` of a models file of which little has changed: models whose text is as it was are not rendered again.

A model gives the same as before where its own text, the rest of the file, the bases, the lock and the program are the
same: all of that is compared by content. Its text in `generated/` is taken for what it gives if it has the same digest.
The others are rendered from a file that holds them alone, by what renders a whole one. What several models are held
against each other by, such as the names of their objects, is compared too; where any of it meets, where anything is
wrong, and where a model follows from another one, the whole file is rendered.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from modelyard.api import remembered
from modelyard.api.collector import without_collector
from modelyard.api.parts import Part, parts, renamed
from modelyard.api.pipeline import Rendering, Texts, generated, load_shown, models_file, overlay_of, texts_of
from modelyard.api.remembered import Elsewhere, Known, Lines, Memory, digest
from modelyard.check.rules.addresses import entrances_of
from modelyard.files import cache, disk, regular
from modelyard.files.yaml import MAX_BYTES, MAX_VALUES, ListMarks, at
from modelyard.models.declared import DeclaredModel, find_marks
from modelyard.modelsfile.items import Pieces, parsed_pieces, pieces
from modelyard.modelsfile.load import Loaded
from modelyard.problems import has_errors
from modelyard.render.component import HEADER, path_of
from modelyard.targets import BATCH, target

MANY: Final = 200  # models: fewer are rendered about as soon as they are remembered
_SEPARATOR: Final = "\0"  # in no name, path or host
_HEADER: Final = f"{HEADER}\n".encode()


def overlay(file: str | Path = ".", *, jobs: int = 1) -> Rendering:
    """Return what `api.overlay` does; its `models` are those that were rendered. jobs: as there."""
    path = models_file(file)
    try:
        content: bytes | None = regular.content(path, MAX_BYTES + 1)
    except OSError:
        content = None  # loading says why
    place = cache.folder(os.environ, "renders")
    run = _Run(path, content, jobs)
    if content is None or place is None:
        return run.whole(None)
    with without_collector():
        return run.again(place) or run.whole(place)


class _Run:
    """One rendering of a models file with this content."""

    def __init__(self, path: Path, content: bytes | None, jobs: int) -> None:
        """Begin; jobs: see `overlay`."""
        self.path = path
        self.shown = str(path)
        self.content = content
        self.jobs = jobs

    def parts(self, loaded: Loaded) -> Iterator[Part[Texts]]:
        """Yield what a loaded file gives."""
        return parts(loaded, self.path.parent, texts_of, jobs=self.jobs)

    def whole(self, place: Path | None) -> Rendering:
        """Render all models, and remember them in a folder if there is one."""
        loaded = load_shown(self.path, self.shown, content=self.content)
        notes = self.notes(loaded) if place else None
        if notes is None:
            return overlay_of(self.path, loaded, self.parts(loaded))
        rendering = overlay_of(self.path, loaded, notes.noting(self.parts(loaded)))
        known = None if has_errors(rendering.problems) else notes.known()
        if place and known is not None and not _meet(known.values()):
            found = notes.pieces
            head, tail = (len(found.head), digest(found.head)), digest(found.tail)
            models = {found.items[i].digest: each for i, each in known.items()}
            memory = Memory(_context(loaded), head, tail, found.indent, loaded.values, models)
            remembered.keep(place, remembered.name_of(self.path, self.shown), memory)
        return rendering

    def notes(self, loaded: Loaded) -> "_Notes | None":
        """Return where to note what the models of a whole file give; None where they cannot be told apart."""
        models = loaded.models
        if models is None or self.content is None or len(models.models) < MANY or has_errors(loaded.problems):
            return None
        found = parsed_pieces(self.content, models)
        return _notes(loaded, found, range(len(found.items)), self.shown) if found else None

    def again(self, place: Path) -> Rendering | None:
        """Render the models that are not remembered; None where that may not be the same as rendering all."""
        name = remembered.name_of(self.path, self.shown)
        memory = remembered.load(place, name)
        found = pieces(self.content or b"", memory.head[0], memory.indent) if memory else None
        if memory is None or found is None or (digest(found.head), digest(found.tail)) != (memory.head[1], memory.tail):
            return None
        digests = [each.digest for each in found.items]
        kept = self.kept(memory, digests)
        anew = [i for i in range(len(digests)) if i not in kept]
        if len(set(digests)) < len(digests) or len(anew) > len(kept):
            return None
        loaded = load_shown(self.path, self.shown, content=found.with_only(set(anew)))
        notes = _notes(loaded, found, anew, self.shown)
        if notes is None or _context(loaded) != memory.context or memory.values + loaded.values > MAX_VALUES:
            return None
        fresh = list(notes.noting(self.parts(loaded)))
        known = notes.known()
        old = {i: each for i, (each, _) in kept.items()}
        if known is None or _meet([*old.values(), *known.values()]):
            return None
        rendering = self.together(loaded, notes.lines, fresh, kept)
        if has_errors(rendering.problems):
            return None
        models = {digests[i]: each for i, each in sorted((old | known).items())}
        if models.keys() != memory.models.keys():
            values = memory.values + loaded.values
            remembered.keep(place, name, memory._replace(values=values, models=models))
        return rendering

    def kept(self, memory: Memory, digests: Sequence[str]) -> dict[int, tuple[Known, Texts]]:
        """Return index -> what is known of each model that need not be rendered, and its texts. The first always is."""
        try:
            written = disk.read(generated(self.path))
        except disk.FileProblem:
            return {}
        found = {}
        for i, each in enumerate(digests):
            known = memory.models.get(each) if i else None
            texts = _texts(known, written) if known else None
            if known is not None and texts is not None:
                found[i] = known, texts
        return found

    def together(
        self, loaded: Loaded, lines: Lines, fresh: Sequence[Part[Texts]], kept: dict[int, tuple[Known, Texts]]
    ) -> Rendering:
        """Return the rendering of models that were rendered and of those that were kept."""
        shared, *anew, of_set = fresh
        named = [(each.model.name, each) for each in anew if each.model]
        named += [
            (known.name, Part(texts, [lines.problem(each, i) for each in known.found]))
            for i, (known, texts) in kept.items()
        ]
        if any(_is_mapped(known) for known, _ in kept.values()):
            of_set.problems.extend(renamed(self.path.parent))
        loaded.problems += [lines.problem(each, i) for i, (known, _) in kept.items() for each in known.loaded]
        models = [each for _, each in sorted(named, key=lambda each: each[0])]
        return overlay_of(self.path, loaded, [shared, *models, of_set])


class _Notes:
    """What is noted of models while they are rendered. loaded: index of each -> the problems of reading it."""

    def __init__(self, found: Pieces, lines: Lines, index: dict[str, int], loaded: dict[int, list[object]]) -> None:
        """Take the pieces of the file, and the index of each model by its name."""
        self.pieces = found
        self.lines = lines
        self._index = index
        self._loaded = loaded
        self._known: dict[int, Known] = {}
        self._is_whole = True

    def noting(self, given: Iterable[Part[Texts]]) -> Iterator[Part[Texts]]:
        """Yield what models give, and note it."""
        for part in given:
            if part.model is not None:
                self._note(part, part.model)
            elif any(each.place is None or each.place.file == self.lines.shown for each in part.problems):
                self._is_whole = False  # what several models have together
            yield part

    def known(self) -> dict[int, Known] | None:
        """Return index -> what is known of each model; None where not all of it is theirs alone."""
        return self._known if self._is_whole and len(self._known) == len(self._index) else None

    def _note(self, part: Part[Texts], model: DeclaredModel) -> None:
        index = self._index[model.name]
        texts, beside = part.made
        files = {path_of(name): text for name, text in texts.items()} | beside
        try:
            found = [self.lines.told(each, index) for each in part.problems]
        except Elsewhere:
            self._is_whole = False
            return
        tables = {each.model.requestLog.table for each in model.served if each.model.requestLog is not None}
        digests = {path: digest(text.encode()) for path, text in files.items()}
        keys = sorted({_SEPARATOR.join(each) for each in _keys(part, model)})
        self._known[index] = Known(model.name, digests, keys, sorted(tables), self._loaded.get(index, []), found)


def _notes(loaded: Loaded, found: Pieces, wanted: Sequence[int], shown: str) -> _Notes | None:
    """Return where to note what these items give; None where they are not read as they stand there, each for itself."""
    models = loaded.models
    if models is None or loaded.below is None or models.spec.viya is not None or models.spec.patches:
        return None
    if has_errors(loaded.problems) or any(each in BATCH for model in models.models for each in model.targets):
        return None  # jobs of Spark stand beside other models, and share buckets with them
    items = find_marks(models.marks, "spec").entries["models"][1]
    read = [models.place(at(each)).line for each in items.items] if isinstance(items, ListMarks) else []
    index = {found.items[i].line: i for i in wanted}
    by_name = {each.name: index.get(models.place(each.whole.marks.at).line) for each in models.models}
    if read != list(index) or set(by_name.values()) != set(wanted) or len(models.models) != len(wanted):
        return None
    lines = Lines(found, shown)
    problems: dict[int, list[object]] = {}
    for each in loaded.problems:
        own = lines.item(each.place.line) if each.place and each.place.file == shown else None
        if own is None:
            return None  # of the whole file, or of a model whose defaults it follows from
        try:
            problems.setdefault(own, []).append(lines.told(each, own))
        except Elsewhere:
            return None
    return _Notes(found, lines, {name: i for name, i in by_name.items() if i is not None}, problems)


def _texts(known: Known, written: dict[str, bytes]) -> Texts | None:
    """Return the texts of a model from the files that were written; None if they are others."""
    texts: dict[str | None, str] = {}
    beside: dict[str, str] = {}
    for path, wanted in known.files.items():
        content = written.get(path, b"")
        text = content.removeprefix(_HEADER)
        if len(text) == len(content) or digest(text) != wanted:
            return None
        if path == path_of(known.name):
            texts[known.name] = text.decode()
        else:
            beside[path] = text.decode()
    return texts, beside


def _context(loaded: Loaded) -> str:
    """Return a digest of what models follow from besides the models file."""
    models = loaded.models
    lock = (models.digests, models.contracts) if models else None
    return digest(repr((loaded.below, lock)).encode())


def _keys(part: Part[Texts], model: DeclaredModel) -> Iterator[tuple[str, ...]]:
    """Yield what no other model may have too: see `check_set` of modelsfile and of check, and `twice`."""
    yield "model", model.name
    for name in model.targets:
        yield from (("claim", each.kind, each.name) for each in target(name).claims(model))
    for each in part.manifests:
        yield "object", each.kind, each.group, str(each.body["metadata"].get("namespace", "")), each.name
        yield from (("entrance", *one.key) for one in entrances_of(each))


def _is_mapped(known: Known) -> bool:
    return any(each.startswith(_SEPARATOR.join(("object", "DomainMapping", ""))) for each in known.keys)


def _meet(known: Iterable[Known]) -> bool:
    """Tell whether models have something that one alone may have, or not what all must have alike."""
    seen: set[str] = set()
    total = 0
    tables: set[str] = set()
    for each in known:
        seen.update(each.keys)
        total += len(each.keys)
        tables.update(each.tables)
    return len(seen) < total or len(tables) > 1
