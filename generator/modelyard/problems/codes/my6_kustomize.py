"""MY6: what a kustomization does to a base, and what it builds."""

from typing import Final

from modelyard.problems.codes.code import Code

KUSTOMIZATIONS: Final[dict[str, Code]] = {
    "MY601": Code(
        "A kustomization that cannot be used",
        "kustomize wants one kustomization.yaml in a folder, with the fields that it knows; components: takes folders "
        "whose kustomization has kind: Component, and resources: takes all others.",
    ),
    "MY602": Code("A listed file that is missing", "The kustomization lists a file or folder that cannot be read."),
    "MY603": Code(
        "No transformer",
        "Entries of transformers: and generators: are configurations with apiVersion, kind and metadata.name.",
    ),
    "MY604": Code("An unknown builtin kind", "apiVersion: builtin is for the transformers that kustomize itself has."),
    "MY605": Code(
        "Not checked",
        "Plugins, replacements, Helm charts and what is remote are not followed here; what they do to the objects is "
        "not proven.",
        "note",
    ),
    "MY606": Code(
        "A key appears twice in a kustomization",
        "kustomize silently takes the last of two equal keys: all that the first one lists is lost.",
    ),
    "MY607": Code(
        "A placeholder is left in",
        "In SAS's examples, {{ … }} marks what must be filled in. kustomize passes it on to the cluster unchanged, or "
        "stops.",
    ),
    "MY608": Code(
        "A step that matches nothing",
        "A patch whose target matches no object does nothing, and kustomize does not say so. The service that reads "
        "the "
        "restore parameters differs between releases: sas-model-repository up to LTS 2023.10, then sas-model-manager.",
    ),
    "MY609": Code(
        "A patch that fails on an object of the base",
        "An operation of a JSON Patch needs a place that the object does not have. Pods stand at other pointers in "
        "other kinds: /spec/template/spec in a Deployment, /template/spec in a PodTemplate, "
        "/spec/controllerTemplate/spec in a CASDeployment, /spec/jobTemplate/spec/template/spec in a CronJob.",
    ),
    "MY610": Code(
        "A patch that kustomize cannot read",
        "A patch is a list of operations (RFC 6902) with a target, or an object with kind and metadata.name.",
    ),
    "MY611": Code(
        "A generator entry that kustomize refuses",
        "behavior: merge and replace need an existing ConfigMap or Secret; without behavior there must be none. A "
        "component's generators run after those of the kustomization that lists it.",
    ),
    "MY612": Code(
        "Two transformers of one name", "All transformers of a kustomization differ in kind, name or namespace."
    ),
    "MY613": Code(
        "A transformer after the required ones",
        "sas-bases/overlays/required/transformers.yaml labels all objects and puts the registry before the images. "
        "What comes later gets neither; only mirror.yaml belongs there.",
        "warning",
    ),
    "MY614": Code(
        "An image that keeps its placeholder",
        "ImageTagTransformers rename the images that are there when they run. A container that comes later keeps a "
        "name that no registry has, and its pod never starts.",
    ),
    "MY615": Code("One volume name with two sources", "A pod's volumes are told apart by name."),
    "MY616": Code(
        "The same thing twice in a pod",
        "Volumes and containers of a pod differ in name, mounts of a container in their path. kustomize builds it, and "
        "the API server refuses it.",
    ),
    "MY617": Code("The same envFrom twice", "The second one changes nothing: take one of them out.", "warning"),
    "MY618": Code(
        "Two values for one key",
        "The models file and a hand-written entry set the same key; the one that runs last wins, and kustomize does "
        "not say so.",
    ),
    "MY619": Code(
        "One value set twice",
        "The models file and a hand-written entry set the same key to the same value; once one is changed, the other "
        "is easily forgotten.",
        "warning",
    ),
    "MY620": Code(
        "Restore mode is on",
        "With SAS_DEPLOYMENT_START_MODE the restore runs at each start of the service, until somebody takes it out.",
        "warning",
    ),
    "MY621": Code(
        "SAS_EXTLANG_SETTINGS for Python and for R",
        "Both ConfigMaps are read by the same containers, so that one of the two values is lost.",
    ),
    "MY622": Code(
        "A mount without its volume",
        "A container can mount only volumes of its pod; the API server refuses others.",
    ),
    "MY623": Code(
        "An add that replaces",
        "An add whose path ends in a key that exists puts its value in place of what was there (RFC 6902 4.1).",
        "warning",
    ),
    "MY624": Code("kustomize cannot be run", "The objects of a base come from kustomize, or kubectl, on PATH."),
    "MY625": Code("kustomize stops", "kustomize cannot build the resources of the deployment, even without patches."),
    "MY626": Code(
        "Not a stream of objects", "Give the output of `kustomize build` as the base: objects with kind and name."
    ),
    "MY627": Code(
        "A version of kustomize that is not known here",
        "The result of a kustomization depends on the version of kustomize: up to 5.0 components run before "
        "generators, up to 5.8.1 labels with includeTemplates reach the claims of a StatefulSet. If the version is "
        "older, newer or unknown, modelyard simulates the nearest one that it knows.",
        "note",
    ),
    "MY629": Code(
        "A rendered folder that no kustomization names",
        "generated/ is a Component, so list it under components: of the kustomization beside it. Otherwise kustomize "
        "builds without the models, and does not say so.",
        "warning",
    ),
    "MY631": Code(
        "Something declared is not in the built stream",
        "The kustomization does not list what modelyard rendered, lists an older rendering, or a patch of its own "
        "takes it away.",
        several=True,
    ),
    "MY632": Code(
        "The kustomization changed something",
        "The kustomization overrides the models file. If that is not intended, change the models file instead. Names "
        "with a prefix, suffix or hash, and labels and annotations that all objects get, are not reported.",
        "note",
        several=True,
    ),
    "MY633": Code(
        "Variants that run one image",
        "images: of kustomize matches by name, and gives all variants one tag. They would all run the same image.",
    ),
    "MY634": Code(
        "A site-config that has another value in the built stream",
        "The models file has changed since the site-config was installed, or a later patch, transformer or component "
        "of the deployment sets the value.",
        several=True,
    ),
    "MY635": Code(
        "A restore that nobody declared",
        "sas-restore-job-parameters of the built stream has a start mode or a backup, and the models file has no "
        "restore. The service would restore at each start.",
    ),
    "MY636": Code(
        "An image that lost its digest",
        "models.lock.yaml pins the image, and the built stream names its tag alone, which can change. `images:` with "
        "newTag does that in a kustomization.",
        "warning",
    ),
    "MY637": Code(
        "A patch that is not in the built stream",
        "spec.patches changes objects of others only where modelyard is called: `helm upgrade` in place of "
        "`helm modelyard upgrade` installs the chart as it is.",
    ),
    "MY641": Code(
        "Not a deployment",
        "A deployment is the folder with the hand-written kustomization.yaml that SAS calls $deploy.",
    ),
    "MY642": Code("No site-config", "The set has no spec.viya, so there is nothing to place into a deployment."),
    "MY643": Code(
        "A site-config that is only half installed",
        "Its folder and its entry under components: belong together. viya4-deployment takes a folder without an entry.",
    ),
    "MY644": Code(
        "It is not clear which site-config to remove",
        "Without -f it is the one that the deployment has, as `modelyard site-config status` shows it.",
    ),
    "MY645": Code(
        "An installed site-config that differs from its models file",
        "The models file has changed since, or somebody edited the folder: what is deployed is not what was declared.",
        "warning",
    ),
    "MY646": Code(
        "A restore that was taken out is still declared",
        "`site-config remove --restore` took it out of the deployment. While the models file declares it, an install "
        "would bring it back, and the service would overwrite what was saved since.",
    ),
}
