"""Random models files: whatever fields the shapes have, with values that fit and values at the edges of each type.

Nothing here names a field that must be there, so that a field which is added is used at once. What Kubernetes' own
objects hold, such as a volume's source, is made from their schema. Left out: `patches`, which can make anything of an
object, `ignore`, which takes findings back, and what renders no object (`viya`).
"""

import json
import random
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from modelyard import api
from modelyard.check.schemas.kinds import Kinds
from modelyard.models.base import JsonObject, Later
from modelyard.models.model import Model
from modelyard.models.model_set import Feature, Spec
from modelyard.models.spark import Job, Spark
from modelyard.modelsfile.load import load_text
from modelyard.modelsfile.spark_rules import OWN
from modelyard.targets import BATCH, TARGETS, target

Data: TypeAlias = dict[str, Any]

SERVER: Final = "1.36"  # of Kubernetes: of the API server that the objects are sent to
# What a field usually holds, by its name; a field that is not here gets a text of its type.
USUAL: Final[Mapping[str, tuple[Any, ...]]] = {
    "image": ("registry.example.com/models/churn:2.0.0", "churn:2.1.0"),
    "proxyImage": ("docker.io/library/caddy:2.11.9",),
    "host": ("credit.example.com",),
    "path": ("/churn", "/a/b"),
    "mountPath": ("/data", "/data/files"),
    "subPath": ("files", "a/b"),
    "fieldPath": ("metadata.name", "metadata.namespace", "spec.nodeName", "status.podIP", "metadata.labels['a']"),
    "resource": ("limits.memory", "requests.cpu", "limits.cpu"),
    "divisor": ("1Mi", "1", "1m"),
    "claimName": ("claim",),
    "secretName": ("secret",),
    "driver": ("secrets-store.csi.k8s.io",),
    "reference": ("registry.example.com/files:1",),
    "procMount": ("Default",),
    "accessModes": (["ReadWriteOnce"],),
    "instanceType": ("ml.m5.large",),
    "executionRoleARN": ("arn:aws:iam::123456789012:role/sagemaker",),
    "region": ("eu-west-1", "europe-west6"),
    "effect": ("NoSchedule",),
    "topologyKey": ("kubernetes.io/hostname",),
    "memory": ("2048Mi",),
    "mode": (420, 288),
    "defaultMode": (420, 292),
    "apiVersion": ("v1",),
    "port": (8080, 9000),
    "sparkVersion": ("4.0.4",),
    "serviceAccount": ("spark-runner", "spark@analytics-prod.iam.gserviceaccount.com"),
    "project": ("analytics-prod",),
    "zone": ("eu-west1-b",),
    "conf": ({"spark.sql.shuffle.partitions": "64"}, {"spark.a": ""}),
}
# Texts of all kinds, and at the edges of each: which of them a field takes is asked of its type.
TEXTS: Final = (
    *(
        "a",
        "churn",
        "credit-risk",
        "a.b",
        "a.example.com",
        "1a",
        "A",
        "a_b",
        "a/b",
        "example.com/a",
        "x" * 63,
        "y" * 64,
    ),
    *("/", "/a", "/a/b/", "//", "../a", "a/../b", "..", ".", "/abs", "a:b", "/a:b", "/var", "/dev", "/a b", "/ä"),
    *("0", "1", "100", "-1", "0.5", "1.5", "500m", "1Gi", "100Mi", "1e3", "1E", "0.1m", "-1Gi", "100n", "9E", "1.5Gi"),
    *("0s", "1s", "10s", "60s", "5m", "1h", "1h30m", "7d", "9999999999s"),
    *("", " ", "a b", "ä", "true", "on", "null", "A_B", "a-b-", "-a", "$(A)", "$$", "x" * 300, "{a}", "a,b", "a=b"),
    *("r.example.com/a:1", "a", "localhost:5000/a", "a@sha256:" + "0" * 64, "arn:aws:iam::123456789012:role/a"),
    *("nvidia.com/gpu", "hugepages-2Mi", "cpu", "memory", "ephemeral-storage", "kubernetes.io/a", "requests.cpu"),
    *("limits.nope", "metadata.annotations['a']", "metadata.labels", "spec.nope", "NET_ADMIN", "ALL", "Unmasked"),
    # What a field takes that takes none of the others.
    *("data/scored/", "eu-west-1", "europe-west6", "europe-west6-a", "spark.a", "4.0.4", "3.5.9", "*/5 * * * *"),
    *("ml.m5.large", "s3://bucket/a/", "s3://bucket/model.tar.gz", "https://example.com", "https://example.com/a"),
)
NUMBERS: Final = (0, 1, 2, 3, 5, 10, 30, 60, 100, 420, 1001, 8080, 65535, -1, 511, 512, 644, 65536, 2**31 - 1, 2**31)
LEFT_OUT: Final = frozenset(["patches", "ignore", "viya", "namespace", "targets", "name", "features", "allowEmpty"])
_PLAIN: Final = (0.5, 0.8, 0.95)  # of values are usual ones: in files of their own
_JOBS: Final = 0.2  # of files have jobs of Spark
_TRIGGERS: Final[tuple[Data, ...]] = (
    {"schedule": "0 3 * * *", "timeZone": "Europe/Zurich", "run": "score"},
    {"schedule": "*/5 * * * *", "run": "train"},
    {"object": "data/**/*.csv", "run": "score"},
)
_KEYS: Final = ("a", "TRACE", "team", "example.com/owner", "cpu", "memory", "nvidia.com/gpu")


class Maker:
    """One source of random values. Those of one seed are the same everywhere."""

    def __init__(self, seed: object) -> None:
        self.dice = random.Random(f"{seed}")  # noqa: S311 - of tests
        self.plain = self.dice.choice(_PLAIN)

    def jobs(self, model: Data) -> Data:
        """Return a model that trains and scores by Spark, with what it can have of another one."""
        spark = self.shape(Spark, few=self.dice.choice([1, 3, 5])) | {"bucket": "risk-data"}
        for run in ("train", "score"):
            spark[run] = self.shape(Job, few=self.dice.choice([0, 2, 4])) | {"main": f"{run}.py"}
        spark.pop("triggers", None)
        if self.dice.random() < 0.7:
            spark["triggers"] = self.dice.sample(_TRIGGERS, self.dice.choice([1, 2]))
        return {key: value for key, value in model.items() if key in OWN} | {"runtime": "spark", "spark": spark}

    def models_file(self, namespace: str) -> Data:
        """Return a models file with a model on one target or two."""
        jobs = self.dice.random() < _JOBS
        targets = self.dice.sample(sorted(BATCH if jobs else TARGETS.keys() - BATCH), self.dice.choice([1, 1, 1, 2]))
        model = self.shape(Model, few=self.dice.choice([2, 4, 8])) | {
            "name": self.dice.choice(["churn", "a", "credit-risk"])
        }
        model = self.jobs(model) if jobs else {"image": self.dice.choice(USUAL["image"]), **model}
        model["targets"] = {name: self.shape(target(name).Spec, few=self.dice.choice([1, 3])) for name in targets}
        if len(targets) > 1:
            model["targets"][next(each for each in targets if each != "sagemaker")]["name"] = "second"
        if "sagemaker" in targets and "serverless" not in model["targets"]["sagemaker"]:
            model["targets"]["sagemaker"].setdefault("instanceType", "ml.m5.large")
        if "sagemaker" in targets:
            model["targets"]["sagemaker"]["image"] = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:1"
        if "deployment" in targets and self.dice.random() < 0.3:
            model["targets"]["deployment"].pop("ingress", None)
        if self.dice.random() < 0.1 and not jobs:
            own = [self.shape(Model, few=1) | {"percent": 50, "image": f"churn:{i}"} for i in (1, 2)]
            model |= {"path": "/churn", "variants": [each | {"name": f"v{i}"} for i, each in enumerate(own)]}
        if model.get("runtime") == "custom":
            model.setdefault("port", 9000)
        _follow(model, self.dice)
        spec = self.shape(Spec, few=self.dice.choice([0, 2])) | {"registry": "registry.example.com", "models": [model]}
        spec |= {"namespace": namespace} if self.dice.random() < 0.5 else {}
        spec |= {"knative": {"features": list(get_args(Feature))}} if self.dice.random() < 0.7 else {}
        head = {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelSet", "metadata": {"name": "risk"}}
        return {**head, "spec": spec}

    def shape(self, shape: type[BaseModel], *, few: int) -> Data:
        """Return the fields that a shape needs, and a few others; one of those of which there is exactly one."""
        shape.model_rebuild()
        fields = {name: each for name, each in shape.model_fields.items() if name not in LEFT_OUT}
        needed = [name for name, each in shape.model_fields.items() if each.is_required()]
        free = [name for name in fields if name not in needed]
        kinds = [name for name in free if name in getattr(shape, "SOURCES", ())] or _handlers(shape)
        chosen = self.dice.sample(
            sorted(set(free) - set(kinds)), min(self.dice.randint(0, few), len(free) - len(kinds))
        )
        chosen += self.dice.sample(sorted(kinds), 1) if kinds else []
        return {_key(shape, name): self.field(name, shape.model_fields[name]) for name in [*needed, *chosen]}

    def field(self, name: str, field: FieldInfo) -> Any:
        """Return a value for a field."""
        return self.value(name, Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)

    def value(self, name: str, annotation: Any) -> Any:
        """Return a value of a type; of what Kubernetes alone describes, one by its schema."""
        base, notes = _split(annotation)
        if later := [each for each in notes if isinstance(each, Later)]:
            if later[0].or_text and self.dice.random() < 0.5:
                return self.dice.choice(TEXTS)
            return self.shape(later[0].shape(), few=2)
        origin = get_origin(base)
        if base == JsonObject:
            return self.foreign(name)
        if origin in (Union, types.UnionType):
            return self.value(name, self.dice.choice([each for each in get_args(base) if each is not type(None)]))
        if origin is Literal:
            return self.dice.choice(get_args(base))
        if origin is list:
            items = [self.value(name, get_args(base)[0]) for _ in range(self.dice.choice([0, 1, 1, 2]))]
            return [_numbered(each, i) for i, each in enumerate(items)]
        if origin is dict:
            key, value = get_args(base)
            keys = {self.text("", key) if self.dice.random() > self.plain else self.known(key) for _ in range(2)}
            return {each: self.value(each, value) for each in sorted(keys)}
        if isinstance(base, type) and issubclass(base, BaseModel):
            return self.shape(base, few=2)
        if base is bool:
            return self.dice.choice([True, False])
        return self.number(name, annotation) if base is int else self.text(name, annotation)

    def known(self, annotation: Any) -> str:
        """Return a usual key of a mapping."""
        fit = [each for each in _KEYS if _fits(annotation, each)]
        return self.dice.choice(fit) if fit else self.text("", annotation)

    def number(self, name: str, annotation: Any) -> int:
        """Return a number that a type takes."""
        usual = USUAL.get(name, ())
        if usual and self.dice.random() < self.plain:
            return int(self.dice.choice(usual))
        fit = [each for each in NUMBERS if _fits(annotation, each)]
        return self.dice.choice(fit[:6] if self.dice.random() < self.plain else fit)

    def text(self, name: str, annotation: Any) -> str:
        """Return a text that a type takes."""
        usual = [each for each in USUAL.get(name, ()) if isinstance(each, str) and _fits(annotation, each)]
        if usual and self.dice.random() < self.plain:
            return str(self.dice.choice(usual))
        fit = _texts(annotation)
        return self.dice.choice(fit[:4] if self.dice.random() < self.plain else fit)

    def foreign(self, name: str) -> Data:
        """Return what an object of Kubernetes has in a field of this name."""
        schema = _foreign(name)
        return dict(self.by_schema("", schema, 3)) if schema else {}

    def by_schema(self, name: str, schema: Data, depth: int) -> Any:
        """Return a value by a schema of Kubernetes."""
        schema = _resolved(schema)
        usual = USUAL.get(name)
        if usual and self.dice.random() < self.plain:
            return self.dice.choice(usual)
        kind = schema.get("type", "object")
        kind = self.dice.choice(kind) if isinstance(kind, list) else kind
        if kind == "object":
            fields = schema.get("properties", {})
            needed = schema.get("required", [])
            few = self.dice.sample(sorted(fields), min(len(fields), self.dice.randint(0, 2))) if depth else []
            more = schema.get("additionalProperties")
            if isinstance(more, dict) and not fields:
                return {self.dice.choice(_KEYS): self.by_schema("", more, depth - 1)}
            return {
                each: self.by_schema(each, fields[each], depth - 1)
                for each in {**dict.fromkeys(needed), **dict.fromkeys(few)}
            }
        if kind == "array":
            return [self.by_schema(name, schema.get("items", {}), depth) for _ in range(self.dice.choice([0, 1, 1, 2]))]
        if kind == "boolean":
            return self.dice.choice([True, False])
        if kind in ("integer", "number"):
            return self.dice.choice(NUMBERS[:6] if self.dice.random() < self.plain else NUMBERS)
        words = schema.get("enum") or TEXTS
        return self.dice.choice(words[:4] if self.dice.random() < self.plain else words)


def _follow(model: Data, dice: random.Random) -> None:
    """Let fields follow from one another that exclude each other: else hardly a file of these would be taken."""
    beside = model.get("variants", [])
    if model.get("runtime") == "tensorflow":
        model.setdefault("version", 7)
        for field in ("path", "port", "command"):
            model.pop(field, None)
        for each in beside:
            each.pop("tensorflow", None)
    elif dice.random() < 0.9:
        for each in (model, *beside):
            for field in ("version", "tensorflow"):
                each.pop(field, None)
    if model.get("runtime") != "spark" and dice.random() < 0.9:
        for each in (model, *beside):
            each.pop("spark", None)
    if own := model["targets"].get("openshift"):
        if model.get("scheme") == "https":
            own["tls"] = dice.choice(["reencrypt", "passthrough"])
        elif dice.random() < 0.9:
            own.pop("tls", None)


def rendered(seed: object, namespace: str) -> tuple[str, api.Rendering]:
    """Return the text of the models file of a seed, and what it gives."""
    text = json.dumps(Maker(seed).models_file(namespace), ensure_ascii=False, indent=1)
    return text, api.render_loaded(load_text(text.encode(), "models.yaml", Path()), Path())


def _numbered(value: Any, number: int) -> Any:
    """Return an item of a list with a name of its own."""
    named = isinstance(value, dict) and isinstance(value.get("name"), str)
    return value | {"name": f"{value['name']}{number or ''}"[-60:]} if named else value


def _key(shape: type[BaseModel], name: str) -> str:
    return shape.model_fields[name].alias or name


def _handlers(shape: type[BaseModel]) -> list[str]:
    """Return the fields of a shape of which there is exactly one, as its description says."""
    said = " ".join((shape.__doc__ or "").split())
    if "exactly one" not in said:
        return []
    plain = ("initialDelay", "period", "timeout", "successThreshold", "failureThreshold", "prefix", "optional")
    return [name for name in shape.model_fields if name not in plain]


def _split(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    notes: tuple[Any, ...] = ()
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        notes += tuple(more)
    return annotation, notes


_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {}


def _fits(annotation: Any, value: object) -> bool:
    key = repr(annotation)
    try:
        _ADAPTERS.setdefault(key, TypeAdapter(annotation)).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


_FITTING: Final[dict[str, list[str]]] = {}


def _texts(annotation: Any) -> list[str]:
    key = repr(annotation)
    if key not in _FITTING:
        _FITTING[key] = [each for each in TEXTS if _fits(annotation, each)] or ["a"]
    return _FITTING[key]


@cache
def _definitions() -> Data:
    found = Kinds(SERVER).find("apps/v1", "Deployment")
    assert found is not None
    return dict(found.schema["$defs"])


def _resolved(schema: Data) -> Data:
    while "$ref" in schema:
        schema = _definitions()[schema["$ref"].rpartition("/")[2]]
    return schema


def _foreign(name: str) -> Data | None:
    """Return the schema that a field of this name has in a pod, the first of those that are mappings."""
    return next(_found(name), None)


def _found(name: str) -> Iterator[Data]:
    for definition in _definitions().values():
        schema = definition.get("properties", {}).get(name)
        if schema and _resolved(schema).get("type") == "object":
            yield _resolved(schema)
