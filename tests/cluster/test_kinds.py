"""The kinds that targets declare are those that they render, and cluster commands know each of them."""

from typing import Final

from modelyard import api
from modelyard.manifests.manifest import TypeMeta
from modelyard.manifests.template import Templates
from modelyard.render.objects import render_section, render_shared
from modelyard.targets import KEPT, SECTIONS, TARGETS, kinds, section, target

TEMPLATES: Final = Templates()


def _kind(body: dict[str, object]) -> TypeMeta:
    return TypeMeta(str(body["apiVersion"]), str(body["kind"]))


def _rendered(renderings: dict[str, api.Rendering], name: str) -> set[TypeMeta]:
    """Return the kinds of all that a target renders, in all overlays, cases and made sets."""
    return {
        _kind(manifest.body)
        for each in renderings.values()
        for model in (each.models.models if each.models else ())
        if name in model.targets
        for manifest in target(name).render(each.models, model, TEMPLATES).manifests  # type: ignore[arg-type]
    }


def test_each_target_declares_exactly_the_kinds_that_it_renders(renderings: dict[str, api.Rendering]) -> None:
    for name in TARGETS:
        assert _rendered(renderings, name) == target(name).KINDS, name
    for name in SECTIONS:
        sets = [each.models for each in renderings.values() if each.models]
        found = {_kind(made.body) for each in sets for made in render_section(name, each, TEMPLATES).manifests}
        assert found == section(name).KINDS, name


def test_each_rendered_kind_is_pruned_or_is_kept_for_a_reason(renderings: dict[str, api.Rendering]) -> None:
    found = {_kind(each.body) for result in renderings.values() for each in result.objects}
    found |= {
        _kind(each.body)
        for result in renderings.values()
        if result.models
        for each in render_shared(result.models, TEMPLATES)
    }
    for name in SECTIONS:
        found |= section(name).KINDS
    assert found == {*kinds(), *KEPT}
    assert not KEPT.keys() & set(kinds())
    assert all(KEPT.values())


def test_who_names_goes_before_who_is_named() -> None:
    order = [each.kind for each in kinds()]
    pairs = [
        ("ScalingPolicy", "ScalableTarget"), ("ScalableTarget", "Endpoint"), ("Endpoint", "EndpointConfig"),
        ("EndpointConfig", "Model"), ("DomainMapping", "Route"), ("Route", "Service"), ("Ingress", "Service"),
        ("HTTPRoute", "Service"), ("HorizontalPodAutoscaler", "Deployment"), ("Deployment", "ConfigMap"),
        ("Service", "ConfigMap"), ("ConfigMap", "ServiceAccount"),
    ]  # fmt: skip
    assert [pair for pair in pairs if order.index(pair[0]) > order.index(pair[1])] == []
