"""Pages of HTML from templates: what is put in is escaped, and shows neither credentials nor control characters."""

from collections.abc import Mapping
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from modelyard.manifests.template import folder
from modelyard.problems import printable
from modelyard.problems.credentials import without_forms

FOLDER: Final = "pages"


class Encoded(str):
    """A text that was made safe before it was encoded, such as a data: address."""

    __slots__ = ()


def clean(text: str) -> str:
    """Return a text as it may be shown."""
    return printable(without_forms(text))


def page(name: str, context: Mapping[str, object]) -> str:
    """Return the page that a template of `templates/pages/` gives. Raises jinja2's exceptions: mistakes of it."""
    environment = Environment(
        loader=FileSystemLoader(folder() / FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # What a template has made of a text is Markup, and was cleaned with it.
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    return environment.get_template(name).render(context)
