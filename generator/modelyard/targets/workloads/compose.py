"""A model as services of a compose file, with Caddy before its variants, which splits the calls.

Sources: compose-spec, spec.md (services, interpolation); Caddy 2.11, reverse_proxy, lb_policy weighted_round_robin.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modelyard.files.yaml import writer
from modelyard.manifests.template import Templates, text
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.targets.workloads.deployments import VARIANT_HEADER
from modelyard.targets.workloads.local import Local, local

HEADER: Final = (
    '# Written by modelyard from models.yaml: change that file and run "modelyard try --compose" again. '
    "Edits here are lost."
)
FILE: Final = "compose.yaml"
CADDYFILE: Final = "Caddyfile"
_HERE: Final = "127.0.0.1"  # the address that ports are published at
_TMP: Final = "exec,mode=1777"


def compose(
    models: DeclaredSet, model: DeclaredModel, templates: Templates, caddy: str
) -> tuple[dict[str, str], list[Local]]:
    """Return the files, by relative path, and the models' containers that they start. caddy: the image of Caddy."""
    every = [local(models, model, each, templates) for each in model.served]
    split = bool(model.variants)
    made = {
        f"serving/{each.name}/{_name(path)}": f"{HEADER}\n{text}" for each in every for path, text in each.files.items()
    }
    services = {each.name: _service(each, templates, published=not split) for each in every}
    if split:
        proxy = _free(model.name, services)
        ports = [_port(every[0].ports[0])]
        services[proxy] = templates.render(
            "compose/split.yaml", {"image": caddy, "ports": ports, "variants": [each.name for each in every]}
        )
        made[CADDYFILE] = f"{HEADER}\n{_caddyfile(model, every)}"
    made[FILE] = f"{HEADER}\n{writer.write({'name': model.name, 'services': services})}"
    return made, every


def _free(name: str, taken: Mapping[str, object]) -> str:
    return name if name not in taken else f"{name}-split"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _service(own: Local, templates: Templates, *, published: bool) -> dict[str, Any]:
    environment = {name: _plain(value) for name, value in own.env.items()}
    environment |= {name: f"${{{name}:?it comes from {origin} in a cluster}}" for name, origin in own.given.items()}
    context = {
        "image": own.image,
        "entrypoint": [_plain(each) for each in own.command],
        "command": [_plain(each) for each in own.args],
        "environment": environment,
        "user": own.user,
        "readOnly": own.read_only or None,
        "memory": f"{own.memory}b" if own.memory is not None else None,
        "cpus": str(own.cpus) if own.cpus is not None else None,
        "ports": [_port(each) for each in own.ports] if published else [],
        "tmpfs": [f"{_plain(each)}:{_TMP}" for each in own.writable],
        "volumes": [f"./serving/{own.name}:{own.folder}:ro,z"] if own.files else [],
    }
    return templates.render("compose/service.yaml", context)


def _port(number: int) -> str:
    return f"{_HERE}:{number}:{number}"


def _plain(value: str) -> str:
    """Return a text that compose leaves as it is: it puts variables in for a single dollar."""
    return value.replace("$", "$$")


def _caddyfile(model: DeclaredModel, every: Sequence[Local]) -> str:
    variants = [
        {"name": own.name, "variant": served.variant, "port": own.ports[0], "percent": served.percent or 0}
        for own, served in zip(every, model.served, strict=True)
    ]
    context = {
        "header": VARIANT_HEADER,
        "port": every[0].ports[0],
        "scheme": "https://" if every[0].scheme == "https" else "",
        "variants": variants,
        "shares": [each for each in variants if each["percent"]],
    }
    return text("compose/Caddyfile", context, str)
