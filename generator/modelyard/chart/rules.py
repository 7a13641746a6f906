"""What no schema can say about values: a template that renders nothing, and fails with a sentence."""

from collections.abc import Iterator, Sequence
from typing import Final

from modelyard.chart.expressions import at, enabled, grouped, quoted
from modelyard.chart.templates import HEAD
from modelyard.chart.values import Value

FILE: Final = "validation.yaml"
_PAIRS: Final = (("minScale", "maxScale"), ("min", "max"))


def validation(values: Sequence[Value]) -> str:
    """Return the template of what several values must be together."""
    text = HEAD
    for model in dict.fromkeys(each.path[1] for each in values if each.path[0] == "models"):
        own = [each for each in values if each.path[:2] == ("models", model)]
        rules = [*_percents(model, own), *_images(own), *_bounds(own)]
        if rules:
            text += enabled(model, "".join(rules))
    return text


def _percents(model: str, values: Sequence[Value]) -> Iterator[str]:
    found = [each for each in values if each.path[-1] == "percent"]
    if not found:
        return
    each = [grouped(f"{at(one.path)} | int") for one in found]
    shares = ", ".join(f"{one.path[-2]} %d" for one in found)
    message = f"models.{model}.variants: the percents add up to %d, and must be 100 together: {shares}"
    yield f"{{{{- $sum := add {' '.join(each)} | int }}}}\n"
    yield _rule("ne $sum 100", message, ["$sum", *each])


def _images(values: Sequence[Value]) -> Iterator[str]:
    """Yield that a tag alone does not change an image that has a digest."""
    tags = {each.path[:-1]: each for each in values if each.path[-1] == "tag"}
    for digest in (each for each in values if each.path[-1] == "digest" and each.default):
        tag, name = tags[digest.path[:-1]], ".".join(digest.path[:-1])
        changed = f"ne {at(tag.path)} {quoted(tag.default)}"
        same = f"eq {at(digest.path)} {quoted(digest.default)}"
        message = f'{name}: the tag has changed, but the digest still names the old image: set both, or digest: ""'
        yield _rule(f"and ({changed}) ({same})", message, [])


def _bounds(values: Sequence[Value]) -> Iterator[str]:
    known = {each.path: each for each in values}
    for low in values:
        for least, most in _PAIRS:
            high = known.get((*low.path[:-1], most)) if low.path[-1] == least else None
            if high:
                name, lower, upper = ".".join(low.path[:-1]), at(low.path), at(high.path)
                message = f"{name}: {least} %d is more than {most} %d"
                numbers = [grouped(f"{lower} | int"), grouped(f"{upper} | int")]
                bounded = f"{grouped(upper)} " if least == "minScale" else ""  # 0 and null are no limit
                yield _rule(f"and {bounded}(gt {' '.join(numbers)})", message, numbers)


def _rule(condition: str, message: str, arguments: Sequence[str]) -> str:
    said = f"(printf {quoted(message)} {' '.join(arguments)})" if arguments else quoted(message)
    return f"{{{{- if {condition} }}}}\n{{{{- fail {said} }}}}\n{{{{- end }}}}\n"
