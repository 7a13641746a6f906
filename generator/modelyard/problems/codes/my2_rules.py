"""MY2: rules over several fields or models."""

from typing import Final

from modelyard.problems.codes.code import Code

RULES: Final[dict[str, Code]] = {
    "MY201": Code(
        "A name that is already taken", "Models need different names, and so do the variants and volumes of one model."
    ),
    "MY202": Code(
        "Object names collide",
        "Two models, variants or targets would create an object of the same name. A Knative Service, and each tag of a "
        "Knative Route, also creates a core Service of its name.",
    ),
    "MY203": Code(
        "A name that is too long",
        "Names become DNS labels of at most 63 characters; the tag of a Knative Route is joined with the Route's name.",
    ),
    "MY204": Code("Percents that do not add up", "The percents of a model's variants are integers whose sum is 100."),
    "MY205": Code(
        "A split without a gateway",
        "An Ingress cannot split traffic. Variants on the deployment target need `gateway`.",
    ),
    "MY206": Code(
        "A patch that matches nothing",
        "A patch of a model is for objects of that model, one of the set for objects that others wrote. If its target "
        "matches none, it would silently do nothing.",
    ),
    "MY207": Code(
        "A patch that cannot be applied", "An operation of a JSON Patch (RFC 6902) fails on the object it is meant for."
    ),
    "MY208": Code(
        "A credential in plain text",
        "Keep credentials in a Secret: env: {NAME: {secretKeyRef: {name: …, key: …}}}. To accept a value that only "
        "looks like one, write ignore: [{code: MY208, reason: …}].",
        ignorable=True,
    ),
    "MY209": Code(
        "A path that cannot be derived",
        "The variants' images have different repository names, so the model needs `path`.",
    ),
    "MY210": Code(
        "A field that belongs to the model", "All variants of a model share one Route, one host and one name."
    ),
    "MY211": Code("Fields that exclude each other", "Only one of these fields can be used at a time."),
    "MY212": Code(
        "A model without a target", "The model is declared, but nothing is rendered for it.", "warning", ignorable=True
    ),
    "MY213": Code(
        "A set that renders nothing",
        "An empty result under GitOps deletes everything. `spec.allowEmpty: true` permits it.",
    ),
    "MY214": Code(
        "A reserved port", "Knative's queue-proxy uses ports 8008, 8012, 8013, 8022, 8112, 9090 and 9091 itself."
    ),
    "MY215": Code(
        "A reserved variable",
        "Knative sets PORT, K_SERVICE, K_CONFIGURATION and K_REVISION; `path` sets SAS_SCR_APP_PATH.",
    ),
    "MY216": Code(
        "A claim without a namespace",
        "A ClusterDomainClaim names the namespace that may use the domain, so spec.namespace is required.",
    ),
    "MY217": Code(
        "A label or annotation that modelyard sets",
        "Selectors and ownership depend on these labels, so they cannot have another value.",
    ),
    "MY218": Code(
        "A runtime that needs more fields",
        "runtime: custom has no default port, so set `port`. On sagemaker-proxy, also set an HTTP readiness probe, "
        "which /ping calls.",
    ),
    "MY219": Code(
        "An ignore without effect", "Only findings can be ignored, by their code. Mistakes in the format cannot."
    ),
    "MY220": Code(
        "A prefix on a DomainMapping",
        "namePrefix and nameSuffix change the name of a DomainMapping, which is its host name.",
    ),
    "MY221": Code(
        "Not exactly one volume source",
        "A volume has a name, a mountPath and one Kubernetes volume source, such as secret or emptyDir.",
    ),
    "MY222": Code(
        "A public domain on a private service",
        "A DomainMapping makes a cluster-local service public.",
        "warning",
        ignorable=True,
    ),
    "MY223": Code(
        "A grace period that cuts calls",
        "A pod that ends gets SIGKILL after `terminationGrace`. That time includes preStop, and calls in flight after "
        "preStop may take as long as the target's `timeout`.",
        "warning",
        ignorable=True,
    ),
    "MY224": Code(
        "Pod termination that Knative controls",
        "Knative gives the model's container a preStop of its own, which waits until queue-proxy has no more calls, "
        "and takes the grace period from `timeout` (knative/serving v0.50.0, revision/resources/deploy.go).",
    ),
    "MY225": Code(
        "Two variants with one image",
        "The calls are split between two variants that run the same. If they differ on purpose, such as in their "
        "environment, write ignore: [{code: MY225, reason: …}].",
        "warning",
        ignorable=True,
    ),
    "MY226": Code(
        "An image without a registry",
        "Neither the image nor spec.registry names a host, so each node decides where it is pulled from: most take "
        "docker.io, where anybody may own the name.",
        "warning",
        ignorable=True,
    ),
    "MY227": Code(
        "Further ports on Knative",
        "A revision has one port, in one of its containers (knative/serving v0.50.0, pkg/apis/serving/"
        "k8s_validation.go, validateContainersPorts); queue-proxy hands all calls to it.",
    ),
    "MY228": Code(
        "A port that is already in use",
        "Each port of a container, and of a Service, needs its own name and number.",
    ),
    "MY229": Code(
        "A path that SageMaker's contract decides",
        "Behind sagemaker-proxy a model answers to /invocations and /ping. Paths are not rewritten, so no other path "
        "reaches the model.",
    ),
    "MY230": Code(
        "The fields of a TensorFlow Serving model",
        "`version` is required: a pod is ready when that version can score. The server decides path and ports: REST "
        "at /v1/models/NAME on 8501, gRPC on 8500. `tensorflow` and `version` are only for this runtime, and all "
        "variants of a model share one address.",
    ),
    "MY231": Code(
        "A cold start that callers will feel",
        "A SAS Container Runtime image takes 12 to 15 s to start. With minScale 0 the first call after a "
        "pause waits that "
        "long, and fails when its client's time-out is shorter.",
        "warning",
        ignorable=True,
    ),
    "MY232": Code(
        "A runtime that a target cannot run",
        "The target calls paths that this image does not serve. Use another target, or another image.",
    ),
    "MY233": Code(
        "A restore without an end",
        "The service restores at every start while the parameters are there. Set `until` to the last day; after it, "
        "the file is refused.",
        "warning",
    ),
    "MY234": Code(
        "Restore mode was left on",
        "The last day of the restore is over. At its next start the service would restore the backup again, and "
        "overwrite what was saved since.",
    ),
    "MY235": Code(
        "A setting for Python and for R",
        "SAS_EXTLANG_SETTINGS can be in only one of sas-open-source-config-python and sas-open-source-config-r.",
    ),
    "MY236": Code(
        "A restore parameter that the documentation leaves open",
        "It is written into sas-restore-job-parameters unchanged. SAS's page on restores either does not have it, or "
        "has two names for it.",
        "warning",
    ),
    "MY237": Code("A field without effect", "With the rest of the file as it is, nothing reads this field.", "warning"),
    "MY238": Code(
        "A variable that is not expanded",
        "Text reaches the container unchanged, $(NAME) included. {expand: …} inserts the values of variables under "
        "env, config and envFrom. It cannot insert variables that the image or the container runtime sets, nor "
        "variables that use each other.",
        "warning",
        ignorable=True,
    ),
    "MY239": Code(
        "A Route that cannot work",
        "The router of OpenShift takes four Services at most behind a Route, and weights from 0 to 256. reencrypt and "
        "passthrough need a server that speaks TLS, which REST of TensorFlow Serving does not. gRPC through an edge "
        "Route needs a certificate of its own, a port with appProtocol h2c, and HTTP/2 at the ingress controller. "
        "Source: openshift/router, haproxy-config.template; openshift/api, route/v1/types.go.",
    ),
    "MY240": Code(
        "A share that weights cannot express",
        "The router spreads the weight of a Service over its pods, and each has at least 1 of 256. Beside one pod with "
        "a large share, many pods of a small one get more calls than was declared. A Service without ready pods loses "
        "its share to the others. Source: openshift/router, calculateServiceWeights.",
        severity="warning",
        ignorable=True,
    ),
    "MY250": Code(
        "An ImageStream that cannot hold the image",
        "Pods refer to an image in an ImageStream as NAME:TAG. A BuildConfig pushes its image to a tag; the digest is "
        "not known before. Source: openshift/api, image/v1/types.go and build/v1/types.go.",
    ),
    "MY251": Code(
        "Patches of objects that others wrote",
        "spec.patches changes what a chart or another generator gives. Run the set with `helm modelyard`, as a "
        "post-renderer of Helm, or list it under `transformers:`. What renders the set alone has no such objects.",
    ),
    "MY252": Code(
        "Calls that cannot be logged",
        "The request log is written by a container in front of the model, which reads HTTP/1.1 without TLS. It cannot "
        "be in front of what SageMaker or Spark runs, and gRPC would go past it.",
    ),
    "MY253": Code(
        "A way past the request log",
        "Services and probes lead to the container that logs. The model's own port is closed by the network policy "
        "alone: without one, a caller that knows a pod's address reaches the model, and no row says so.",
        ignorable=True,
    ),
    "MY254": Code(
        "Two request logs in one set",
        "All models of a set write to one table. Its rows hold the model and the variant, and what is measured is "
        "measured there.",
    ),
    "MY255": Code(
        "Rows that are gone before they are measured",
        "Outcomes come after `delay`, and then `window` of the log is measured with them. Rows older than retention "
        "are dropped. What a baseline is like is kept when its rows have gone.",
    ),
    "MY258": Code(
        "A shadow that cannot be",
        "A variant with `shadow: true` gets copies of calls, and its answers go to the request log alone. On knative "
        "and openshift the request log of the other variants sends the copies, on deployment and sagemaker-proxy the "
        "HTTPRoute (RequestMirror); other targets cannot. It takes no calls itself, so another variant must.",
    ),
}
