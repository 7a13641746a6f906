"""MY75: registries of images and artifacts."""

from typing import Final

from modelyard.problems.codes.code import Code

REGISTRIES: Final[dict[str, Code]] = {
    "MY751": Code(
        "A registry that does not answer",
        "The connection failed, was not trusted, or took too long. Registries are asked over TLS; one that runs on "
        "this machine may speak plain HTTP. HTTPS_PROXY and REQUESTS_CA_BUNDLE are heeded.",
    ),
    "MY752": Code(
        "Not permitted by a registry",
        "Credentials are those of `docker login`: of config.json in DOCKER_CONFIG or ~/.docker, or of the helper that "
        "it names. They go to the registry and to its server for tokens, and to no other host.",
    ),
    "MY753": Code(
        "Not in the registry",
        "There is no such repository or tag, or the registry says so to those who may not see it.",
    ),
    "MY754": Code(
        "An answer of a registry that is of no use",
        "The registry failed, or what it sent is too large, cut off, or not what its digest says.",
    ),
    "MY755": Code(
        "A tag that has moved",
        "The registry has another digest of it than the lock. What is rendered still names the old one. "
        "`modelyard lock --update` takes the new one.",
    ),
    "MY756": Code(
        "A lock that does not fit the models file",
        "It lacks an image that the models file gives, or has one that nothing uses any more. `modelyard lock` mends "
        "both, and leaves all other digests as they are.",
    ),
    "MY757": Code(
        "Credentials that cannot be read",
        "docker's config.json must be JSON, and the helper that it names, docker-credential-NAME, must be on PATH and "
        "answer as docker's helpers do.",
    ),
    "MY758": Code(
        "Not an artifact of modelyard",
        "What is read is what `modelyard push` writes: an artifact of Flux, whose one layer is a tar archive with the "
        "files of generated/.",
    ),
    "MY759": Code(
        "An artifact without a revision",
        "Its annotations name the commit that it was made from. A models file, a lock or a base that is not committed "
        "as it is has none.",
        "warning",
    ),
    "MY760": Code("Not an address of an artifact", "It is written as oci://REGISTRY/NAME:TAG."),
}
