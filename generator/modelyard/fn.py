"""The exec plugin of kustomize: a KRM function, and a legacy plugin for kubectl. Light to import.

Which of the two it is: a legacy plugin is called with the file of its configuration as argument, and with
KUSTOMIZE_PLUGIN_CONFIG_ROOT set; a KRM function without arguments, with a ResourceList on standard input.
(kustomize 5.8.1: api/internal/plugins/execplugin, kyaml/fn/runtime/exec.)

kustomize rewrites what it passes on (`1.10` becomes 1.1) and drops comments and lines, so the configuration is
best a ModelGenerator, which points to a file. Nothing goes to standard output unless everything is right:
kustomize would take it for objects.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from modelyard import api
from modelyard.load import load_text
from modelyard.load.merge import Tree
from modelyard.load.shapes import validate
from modelyard.models.modelset import API_VERSION, ModelGenerator
from modelyard.problem import Problem, Severity, has_errors, problem
from modelyard.report import text
from modelyard.yamlio import MapMarks, Plain, Sources, read, write

ROOT: Final = "KUSTOMIZE_PLUGIN_CONFIG_ROOT"
_LOCAL: Final = "config.kubernetes.io/local-config"
_KEPT: Final = ("config.kubernetes.io/path", "config.kubernetes.io/index", "internal.config.kubernetes.io/path",
                "internal.config.kubernetes.io/index")  # fmt: skip
USAGE: Final = """\
modelyard-fn is called by kustomize, kubectl and kpt, not by people.
As a KRM function it reads a ResourceList on standard input; as a legacy plugin, a configuration file.
See `modelyard plugin status`, and `modelyard render` for people.
"""


def main() -> None:
    """Run as the command modelyard-fn; exits with 0, 1 (problems), 2 (wrong usage) or 3 (a bug)."""
    try:
        code = run(sys.argv[1:], os.environ, sys.stdin.buffer, sys.stdout.buffer, sys.stderr)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 1
    except Exception as error:  # noqa: BLE001 - the last door: whatever it is, it is a bug, and is said in one line
        sys.stderr.write(f"modelyard-fn: a bug in modelyard, please report it: {type(error).__name__}\n")
        code = 3
    sys.exit(code)


def run(arguments: Sequence[str], env: Mapping[str, str], stdin: BinaryIO, stdout: BinaryIO, stderr: TextIO) -> int:
    """Answer one call. Returns the exit code; writes to stdout once, at the end, or not at all."""
    legacy = ROOT in env and len(arguments) >= 1 and Path(arguments[0]).is_file()
    if not legacy and (arguments or stdin.isatty()):
        stderr.write(USAGE)
        return 2
    content = Path(arguments[0]).read_bytes() if legacy else stdin.read()
    answer, problems = _answer(content, Path(env.get(ROOT) or "."), legacy=legacy)
    report = text(problems)
    # Before kustomize 5.8 a legacy plugin's errors are a format string: `%o` would be taken for a verb.
    stderr.write(report.replace("%", "%%") if legacy else report)
    if answer is None or has_errors(problems):
        return 1
    stdout.write(answer.encode())
    stdout.flush()
    return 0


def _answer(content: bytes, root: Path, *, legacy: bool) -> tuple[str | None, list[Problem]]:
    document = read(content, Sources(), "standard input", keep_plain=True)
    if not isinstance(document.data, dict) or document.problems:
        return None, document.problems
    items: list[Any] = []
    config = document.data
    if not legacy:
        if _text(config.get("kind")) != "ResourceList":
            wrong = f"standard input is a {_text(config.get('kind')) or 'mapping without kind'}, not a ResourceList"
            return None, [problem("MY501", wrong, hint="call it through kustomize, kubectl or kpt")]
        items, config = config.get("items") or [], config.get("functionConfig") or {}
    rendering = _render(config, root)
    if has_errors(rendering.problems) or rendering.models is None:
        return None, rendering.problems
    kept = [item for item in items if not _is_copy(item, config)]
    return _resource_list(kept, rendering), rendering.problems


def _render(config: Any, root: Path) -> api.Rendering:
    kind = _text(config.get("kind")) if isinstance(config, dict) else ""
    version = _text(config.get("apiVersion")) if isinstance(config, dict) else ""
    if version != API_VERSION or kind not in ("ModelGenerator", "ModelSet"):
        wrong = f"the configuration is a {kind or 'document without kind'} of {version or 'no apiVersion'}"
        hint = f"write kind: ModelGenerator and apiVersion: {API_VERSION}"
        return api.Rendering(None, [problem("MY501", wrong, hint=hint)])
    name = f"{kind} {_text((config.get('metadata') or {}).get('name'))}".strip()
    content = write(config).encode()
    if kind == "ModelSet":
        loaded = load_text(content, name, root)
        rendering = api.render_loaded(loaded, root)
        rendering.problems = [_named(each, name) for each in rendering.problems]
        return rendering
    return _pointed(content, name, root)


def _pointed(content: bytes, name: str, root: Path) -> api.Rendering:
    """Render the models file that a ModelGenerator points to."""
    sources = Sources()
    document = read(content, sources, name)
    if not isinstance(document.data, dict) or not isinstance(document.marks, MapMarks):
        return api.Rendering(None, document.problems)
    generator, problems = validate(ModelGenerator, Tree(document.data, document.marks), sources)
    problems = [_named(each, name) for each in (*document.problems, *problems)]
    if generator is None or problems:
        return api.Rendering(None, problems)
    if generator.spec.emit != "resources":
        hint = "write emit: resources, or leave it out"
        return api.Rendering(None, [problem("MY502", f"{name}: spec.emit: nothing emits transformers", hint=hint)])
    shown = Path(generator.spec.models)
    return api.render_loaded(api.load_shown(root / shown, str(shown)), root)


def _named(each: Problem, name: str) -> Problem:
    """Name the document in place of a line: lines of what kustomize passed on are nobody's."""
    if each.place is None or each.place.file != name:
        return each
    return Problem(each.code, each.severity, f"{name}: {each.message}", each.hint, None, each.subject)


def _resource_list(items: list[Any], rendering: api.Rendering) -> str:
    """Return the ResourceList: what came in, in its order and with its annotations, and the rendered objects."""
    ours = {_identity(each.body): each.body for each in rendering.objects}
    result: list[Any] = []
    for item in items:
        replaced = ours.pop(_identity(item), None)
        result.append(item if replaced is None else _with_annotations(replaced, item))
    answer: dict[str, Any] = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList"}
    answer["items"] = [*result, *ours.values()]
    if results := [_result(each) for each in rendering.problems]:
        answer["results"] = results
    return write(answer)


def _result(each: Problem) -> dict[str, Any]:
    """Return a problem in the form of the KRM functions specification, `results`."""
    severity = "info" if each.severity is Severity.NOTE else str(each.severity)
    result: dict[str, Any] = {"message": each.message, "severity": severity, "tags": {"code": each.code}}
    if each.place:
        result["file"] = {"path": each.place.file}
        result["tags"] |= {"line": str(each.place.line), "column": str(each.place.column)}
    return result


def _is_copy(item: Any, config: Any) -> bool:
    """Tell whether an item is the copy of the configuration that kustomize puts there for generators.

    A copy with a path is kpt's, and must stay: kpt deletes the files of items that go.
    """
    if not isinstance(item, dict) or _identity(item) != _identity(config):
        return False
    annotations = (item.get("metadata") or {}).get("annotations") or {}
    return _text(annotations.get(_LOCAL)) == "true" and not any(key in annotations for key in _KEPT)


def _with_annotations(body: dict[str, Any], item: Any) -> dict[str, Any]:
    """Return our object with what the host noted on the one that it replaces: its file and its place there."""
    noted = (item["metadata"].get("annotations") or {}) if isinstance(item, dict) else {}
    kept = {key: noted[key] for key in _KEPT if key in noted}
    metadata = body["metadata"]
    annotations = {**metadata.get("annotations", {}), **kept}
    return {**body, "metadata": {**metadata, "annotations": annotations}} if annotations else body


def _identity(body: Any) -> tuple[str, ...]:
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if not isinstance(metadata, dict):
        return ()
    named = (body.get("apiVersion"), body.get("kind"), metadata.get("namespace"), metadata.get("name"))
    return tuple(_text(each) for each in named)


def _text(value: object) -> str:
    return value.text if isinstance(value, Plain) else value if isinstance(value, str) else ""


if __name__ == "__main__":
    main()
