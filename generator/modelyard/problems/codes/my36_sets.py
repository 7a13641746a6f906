"""MY365 to MY399: findings on what kustomize built, on images and sizes, on whole sets, and by schemas."""

from typing import Final

from modelyard.problems.codes.code import Code

SETS: Final[dict[str, Code]] = {
    "MY365": Code(
        "A selector in a Knative Service",
        "commonLabels, and labels with includeSelectors, add a selector to every kind Service. A Knative Service has "
        "no selector, so the API server refuses the object, or drops the field and GitOps sees drift for ever.",
    ),
    "MY366": Code(
        "A prefix on a host",
        "namePrefix changes the name of a DomainMapping, which is its host: another domain is mapped.",
        "warning",
        ignorable=True,
    ),
    "MY367": Code(
        "A port that the Service does not have",
        "An Ingress and an HTTPRoute name a port of the Service, by its name or its own number, not that of the pods. "
        "Nothing answers on any other.",
    ),
    "MY368": Code(
        "A share of what is not requested",
        "An autoscaler on averageUtilization divides by what each container requests. Where one requests nothing, it "
        "does not scale, unless a LimitRange gives a default.",
        "warning",
        ignorable=True,
    ),
    "MY369": Code(
        "An EndpointConfig that SageMaker refuses",
        "Each variant has a name of its own, a weight that is not negative, 60 to 3600 seconds to start and to fetch "
        "its model, and a volume of at most 512 GB.",
    ),
    "MY370": Code(
        "An image without a version",
        "Without a tag, or with :latest, two pods of one object may run different images, and a rollback is not "
        "possible.",
        "warning",
        ignorable=True,
    ),
    "MY371": Code("Not an image reference", "An image is a repository with a tag or a digest."),
    "MY372": Code(
        "An image that is not locked",
        "Beside the models file is models.lock.yaml, so that what is rendered names digests. It has none of this "
        "image: its tag is rendered alone, and can change. `modelyard lock` asks the registry.",
        "warning",
        ignorable=True,
    ),
    "MY375": Code("Too much data", "The API server refuses ConfigMaps and Secrets with more than 1 MiB of data."),
    "MY376": Code(
        "An object too large for kubectl apply",
        "Client-side apply keeps the whole object in an annotation, and annotations have at most 256 KiB together. "
        "Server-side apply does not.",
        "warning",
        ignorable=True,
    ),
    "MY380": Code(
        "Two objects for one host and path",
        "One of them gets all the calls, and which one depends on their age and on the controller.",
    ),
    "MY381": Code("An object that appears twice", "The later one would be applied over the first."),
    "MY382": Code(
        "More than a quota allows",
        "The pods that always run in a namespace need more than its ResourceQuota allows, so some are never created. "
        "These are the replicas, the minimum of an autoscaler, or Knative's min-scale. Knative's queue-proxy counts "
        "with what its annotations say, or 25m of cpu.",
    ),
    "MY383": Code(
        "More than a quota allows, when it scales",
        "When all autoscalers are at their maximum, the ResourceQuota is exceeded, and calls wait for pods that are "
        "never created. A Knative revision without max-scale counts as one pod.",
        "warning",
    ),
    "MY384": Code(
        "An amount that a quota requires",
        "Where a ResourceQuota counts cpu or memory, the API server refuses pods whose containers do not state it, "
        "unless a LimitRange gives a default.",
    ),
    "MY385": Code(
        "An amount that a quota requires for queue-proxy",
        "Knative puts queue-proxy into every pod. As shipped it requests 25m of cpu and states nothing else, so a "
        "quota over memory or limits lets no pod of a revision start.",
        "warning",
        ignorable=True,
    ),
    "MY386": Code(
        "An amount outside a LimitRange",
        "The API server refuses pods that ask for less than the minimum, or more than the maximum, of a LimitRange in "
        "their namespace.",
    ),
    "MY387": Code(
        "Text that Flux would replace",
        "A Kustomization of Flux with postBuild puts values in place of ${NAME} in all that it applies, and nothing "
        "where it knows no such name. Which objects it applies is not known here: they are all of this set.",
        "warning",
    ),
    "MY390": Code(
        "Not what the schema says",
        "The API server knows no such field, or wants a value of another type. The schemas are those of Kubernetes and "
        "of each project's own custom resource definitions, and unknown fields are refused.",
    ),
    "MY391": Code(
        "An object without a schema",
        "modelyard has no schema for this kind, so its fields were not checked. Give its definition with --crds.",
        "note",
    ),
    "MY392": Code(
        "A name that older clusters refuse",
        "Since Kubernetes 1.36 the name of a Service may start with a digit. Clusters before that refuse it, and so "
        "may programs that know the older form.",
        "warning",
    ),
    "MY393": Code(
        "A deprecated API version",
        "The cluster serves this version still, and a later one does not.",
        "warning",
        ignorable=True,
    ),
    "MY394": Code(
        "A credential in plain text in an object",
        "Whoever may read the object can read it. Keep credentials in a Secret, and name it: valueFrom: {secretKeyRef: "
        "{name: …, key: …}}. In a models file this is an error, MY208.",
        "warning",
        ignorable=True,
    ),
    "MY395": Code(
        "An encrypted document",
        "SOPS has encrypted its values, and a controller or a plugin takes `sops` away before it reaches a cluster. "
        "Its fields were not checked.",
        "note",
    ),
    "MY396": Code(
        "A template",
        "A name, a label or an image has a placeholder in it, which a cluster refuses. Another tool fills it in; check "
        "what that gives. The document's other fields were not checked.",
    ),
    "MY397": Code(
        "A patch",
        "The document has directives of a strategic merge patch. A cluster refuses it as an object; check what the "
        "kustomization gives that it belongs to. The document's other fields were not checked.",
    ),
    "MY399": Code(
        "More findings than are reported",
        "The report holds at most 10,000 findings, errors first. The others are unknown, so this is an error itself: "
        "fix what is reported, and check again.",
    ),
}
