"""Artifacts of Flux: the files of a folder as one layer of an OCI artifact. The same files give the same digest.

Source: fluxcd/pkg/oci v0.60, oci.go (media types), build.go and meta.go (annotations); fluxcd/pkg/tar v1.2, untar.go.
"""

import hashlib
import io
import json
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from modelyard.files import archives, trees
from modelyard.problems import problem
from modelyard.registry.client import Registry
from modelyard.registry.problems import RegistryProblem, unusable

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.cncf.flux.config.v1+json"
CONTENT: Final = "application/vnd.cncf.flux.content.v1.tar+gzip"
SOURCE: Final = "org.opencontainers.image.source"
REVISION: Final = "org.opencontainers.image.revision"
CREATED: Final = "org.opencontainers.image.created"
MAX_LAYER: Final = 64 << 20  # bytes of a layer that is read
_STORED: Final = 0xFFFF  # bytes of a block that is not compressed (RFC 1951 3.2.4)
_HINT: Final = "name one that `modelyard push` wrote"


class Artifact(NamedTuple):
    """What an artifact holds: relative path -> bytes of each file, and its annotations."""

    files: Mapping[str, bytes]
    annotations: Mapping[str, str]


def push(registry: Registry, files: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    """Write an artifact, and return its digest. files: relative path -> text. Raises RegistryProblem."""
    archive = _archive(files)
    config = _config(archive)
    layer = _stored(archive)
    with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
        for content in (config, layer):
            file = Path(folder) / "blob"
            file.write_bytes(content)
            registry.upload(file, _descriptor("", content))
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(CONFIG, config),
        "layers": [_descriptor(CONTENT, layer)],
        **({"annotations": dict(sorted(annotations.items()))} if annotations else {}),
    }
    return registry.upload_as(manifest)


def pull(registry: Registry) -> Artifact:
    """Read an artifact. Raises RegistryProblem, MY758 where it is none of Flux's, or what it holds is no archive."""
    name = registry.reference
    try:
        manifest = json.loads(registry.manifest()[0])
        layers = [each for each in manifest["layers"] if each["mediaType"] == CONTENT]
        annotations = {str(key): str(value) for key, value in (manifest.get("annotations") or {}).items()}
        digest, size = (str(layers[0]["digest"]), int(layers[0]["size"])) if len(layers) == 1 else ("", 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        digest, size, annotations = "", 0, {}
    if not digest:
        raise RegistryProblem(problem("MY758", f"{name} is no artifact of Flux", hint=_HINT))
    if size > MAX_LAYER:
        raise unusable(name.host, f"has a layer of more than {MAX_LAYER >> 20} MiB for {name.inside}", _HINT)
    return Artifact(_files(registry, registry.blob(digest, MAX_LAYER)), annotations)


def _files(registry: Registry, layer: bytes) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
        packed, unpacked = Path(folder) / "layer.tar.gz", Path(folder) / "files"
        packed.write_bytes(layer)
        unpacked.mkdir()
        problems = archives.unpack(packed, unpacked)
        names, odd = ({}, problems) if problems else trees.files(unpacked)
        if odd:
            message = f"what {registry.reference} holds cannot be unpacked"
            raise RegistryProblem(problem("MY758", message, hint=_HINT))
        return {name: (unpacked / name).read_bytes() for name in names}


def _archive(files: Mapping[str, str]) -> bytes:
    """Return a tar archive in which nothing depends on who makes it, and when."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry, content = tarfile.TarInfo(name), files[name].encode()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _stored(content: bytes) -> bytes:
    """Return a gzip file (RFC 1952) of blocks that are stored as they are.

    What a compressor makes of a content differs between versions of zlib, and with it the digest would.
    """
    parts = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"]
    for start in range(0, len(content), _STORED):
        block = content[start : start + _STORED]
        last = start + _STORED >= len(content)
        parts += [struct.pack("<BHH", last, len(block), len(block) ^ _STORED), block]
    parts.append(struct.pack("<LL", zlib.crc32(content), len(content) & 0xFFFFFFFF))
    return b"".join(parts)


def _config(archive: bytes) -> bytes:
    """Return the config of an image without a platform, as Flux's own command writes it."""
    found = {"architecture": "", "config": {}, "os": "", "rootfs": {"type": "layers", "diff_ids": [_digest(archive)]}}
    return json.dumps(found, separators=(",", ":")).encode()


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
