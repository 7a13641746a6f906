"""The codes of all problems: a title, a severity, and what `modelyard explain CODE` says about it.

MY0 reading YAML, MY1 the shape of the models file, MY2 rules over several fields or models, MY3 findings
on rendered objects, MY4 files and folders, MY5 the kustomize plugin.
"""

from typing import Final, Literal, NamedTuple


class Code(NamedTuple):
    """One kind of problem. `ignorable`: a model may accept it under `ignore`, with a reason."""

    title: str
    text: str
    severity: Literal["error", "warning", "note"] = "error"
    ignorable: bool = False


CODES: Final[dict[str, Code]] = {
    "MY001": Code(
        "The file is not YAML",
        "The YAML parser stopped here. Nothing after this place was read, so there may be more to mend.",
    ),
    "MY002": Code(
        "The file is not UTF-8",
        "A models file is UTF-8 without a byte order mark. kustomize and kubectl disagree about all other encodings.",
    ),
    "MY003": Code(
        "A character that is not allowed",
        "U+0000, U+007F to U+009F, U+FFFE and U+FFFF cannot be carried to the cluster: kustomize 5.8.1 stops "
        "at them or "
        "turns them into a blank, however they are quoted. Other control characters, U+2028, U+2029 and U+FEFF can be "
        "written as escapes between double quotes, not raw.",
    ),
    "MY004": Code(
        "A key stands twice in one mapping",
        "Some YAML readers keep the first value, some the last, some refuse the file.",
    ),
    "MY005": Code(
        "An anchor, an alias or a merge key",
        "Values that several models share are written once under spec.defaults, or in a base file that "
        "spec.base names. "
        "Aliases are refused because what they expand to can exceed any memory.",
    ),
    "MY006": Code(
        "A YAML tag", "Tags such as !!str change the type of a value behind the reader's back. Quote text instead."
    ),
    "MY007": Code("More than one document", "One models file declares one set; a second set is a second folder."),
    "MY008": Code(
        "The top level is not a mapping", "A models file is one mapping with apiVersion, kind, metadata and spec."
    ),
    "MY009": Code(
        "Too large",
        "A file holds at most 16 MiB, 64 levels of nesting and 500,000 values. Larger sets are split over folders.",
    ),
    "MY010": Code(
        "A value that YAML readers disagree about",
        "Plain scalars such as 1.10, no, on, 1e5, 1:30 or 2024-01-02 are numbers, booleans or dates to some "
        "of YAML 1.1, "
        "YAML 1.2 and Go, and text to others. Text goes between quotes; integers are written in plain decimal form.",
    ),
    "MY011": Code(
        "A number out of range", "Integers in Kubernetes have 64 bits; kustomize turns longer ones into floats."
    ),
    "MY012": Code("A key that is not a string", "Quote keys that a YAML reader takes for a number, a boolean or null."),
    "MY013": Code("A file that cannot be read", "The file is missing, is a folder, or may not be read."),
    "MY014": Code("A YAML directive", "Lines that start with % change how the rest is read."),
    "MY101": Code("An unknown key", "The key is not part of the format, or stands at the wrong level."),
    "MY102": Code("A missing key", "The format requires this key here."),
    "MY103": Code(
        "A value of the wrong type",
        "The format wants another type here: text, an integer, true or false, a list or a mapping.",
    ),
    "MY104": Code(
        "A value that is not allowed", "The value is none of those that the format knows here, or is out of range."
    ),
    "MY105": Code(
        "A value in the wrong form", "The text does not have the form of a name, an image, a duration or a quantity."
    ),
    "MY106": Code(
        "An unknown target", "spec.models[].targets names where a model runs. `modelyard targets` lists what exists."
    ),
    "MY107": Code(
        "Not available", "The models file knows this section, but this version of modelyard has no target for it."
    ),
    "MY108": Code(
        "A base that cannot be used", "spec.base names another models file, relative to this one, without a cycle."
    ),
    "MY109": Code(
        "$remove without an item to remove", "$remove: true takes an item with this name out of what the base declared."
    ),
    "MY110": Code(
        "No such model",
        "The model that the command line names is not in the file, or is too faulty to be shown.",
    ),
    "MY201": Code(
        "A name that is already taken", "Models, and the variants and volumes of one model, are told apart by name."
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
        "A patch that matches nothing", "A patch whose target matches no object of its model would silently do nothing."
    ),
    "MY207": Code(
        "A patch that cannot be applied", "An operation of a JSON Patch (RFC 6902) fails on the object it is meant for."
    ),
    "MY208": Code(
        "A credential in plain text",
        "What looks like a credential belongs into a Secret: env: {NAME: {secretKeyRef: {name: …, key: …}}}. "
        "A value that "
        "only looks like one passes with ignore: [{code: MY208, reason: …}].",
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
        "Selectors and ownership rest on these labels; they cannot be given another value.",
    ),
    "MY218": Code("A runtime that must say more", "runtime: custom knows no port; the model says it."),
    "MY219": Code(
        "An ignore that ignores nothing", "Only findings can be accepted, by their code; mistakes in the format cannot."
    ),
    "MY220": Code(
        "A prefix on a DomainMapping", "namePrefix and nameSuffix change the host name that a DomainMapping stands for."
    ),
    "MY221": Code(
        "Not exactly one volume source",
        "A volume has a name, a mountPath and one Kubernetes volume source, such as secret or emptyDir.",
    ),
    "MY222": Code(
        "A public domain on a private service",
        "A DomainMapping publishes a cluster-local service again.",
        "warning",
        ignorable=True,
    ),
    "MY231": Code(
        "A cold start that callers will feel",
        "A SAS Container Runtime image takes 12 to 15 s to start. With minScale 0 the first call after a "
        "pause waits that "
        "long, and fails when its client's time-out is shorter.",
        "warning",
        ignorable=True,
    ),
    "MY233": Code(
        "A restore without an end",
        "The service restores at each of its starts while the parameters are there. `until` names the last day, after "
        "which the file is refused.",
        "warning",
    ),
    "MY234": Code(
        "Restore mode was left on",
        "The last day of the restore is over. At its next start the service would restore the backup again, over what "
        "has been saved since.",
    ),
    "MY235": Code(
        "A setting for Python and for R",
        "SAS_EXTLANG_SETTINGS can stand in only one of sas-open-source-config-python and sas-open-source-config-r.",
    ),
    "MY236": Code(
        "A restore parameter that the documentation does not settle",
        "It is written into sas-restore-job-parameters as it stands. SAS's page on restores either does not have it, "
        "or calls it by two names.",
        "warning",
    ),
    "MY237": Code("A field without effect", "Nothing reads this field as the file stands.", "warning"),
    "MY301": Code(
        "A field behind a feature flag",
        "Knative refuses this field unless the cluster's ConfigMap config-features enables its flag. If it "
        "does, name the "
        "flag under spec.knative.features; some fields have no flag and are never allowed.",
    ),
    "MY302": Code("The same mount path twice", "Kubernetes refuses a container that mounts two volumes at one path."),
    "MY401": Code(
        "A foreign file in generated/", "modelyard owns this folder whole and will not delete what it did not write."
    ),
    "MY402": Code(
        "A folder that cannot be written",
        "The old content stands, unless the message says otherwise: with --in-place files change one by one.",
    ),
    "MY403": Code("The folder is locked", "Another modelyard is writing this overlay."),
    "MY404": Code(
        "Not a kustomization that can be edited",
        "An edit needs one document of kind Kustomization or Component, of at most 1 MiB. The file is untouched.",
    ),
    "MY405": Code(
        "A list that stands twice",
        "Of two keys of one name kustomize takes one list and drops the other without a word. The file is untouched.",
    ),
    "MY406": Code(
        "A list that cannot be edited",
        "An edit must change nothing else. That is not sure where the list has an anchor, an alias or a tag, holds "
        "more than strings, or is laid out in an unusual way. The file is untouched.",
    ),
    "MY407": Code(
        "A file that cannot be edited",
        "A file is edited in place of the old one, so a symbolic link, a second hard link, or a missing permission "
        "would be lost. The old content stands, unless the message says otherwise.",
    ),
    "MY501": Code(
        "A plugin configuration that is not understood",
        "The kinds are ModelGenerator and ModelSet of modelyard.dev/v1alpha1.",
    ),
    "MY502": Code(
        "Nothing emits transformers",
        "emit: transformers is for sections that patch objects of a base, such as viya; the set has none.",
    ),
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
        "Not looked into",
        "Plugins, replacements, Helm charts and what is remote are not followed here; what they do to the objects is "
        "not proven.",
        "note",
    ),
    "MY606": Code(
        "A key stands twice in a kustomization",
        "kustomize takes the last of two equal keys and says nothing: all that the first one lists is lost.",
    ),
    "MY607": Code(
        "A placeholder is left in",
        "SAS' examples mark with {{ … }} what has to be filled in. kustomize passes it on to the cluster as it is, or "
        "stops at it.",
    ),
    "MY608": Code(
        "A step that matches nothing",
        "A patch whose target matches no object does nothing, and kustomize says nothing. The service that reads the "
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
        "behavior: merge and replace want a ConfigMap or Secret that exists; without behavior there must be none. A "
        "component's generators run after those of the kustomization that lists it.",
    ),
    "MY612": Code(
        "Two transformers of one name", "All transformers of a kustomization differ in kind, name or namespace."
    ),
    "MY613": Code(
        "A transformer after the required ones",
        "sas-bases/overlays/required/transformers.yaml labels all objects and puts the registry before the images. "
        "What comes later goes without; only mirror.yaml belongs there.",
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
    "MY617": Code("The same envFrom twice", "The second one changes nothing; one patch is superfluous.", "warning"),
    "MY618": Code(
        "Two values for one key",
        "The models file and a hand-written entry set the same key; the one that runs last wins, and kustomize says "
        "nothing.",
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
        "A container can mount the volumes of its pod alone; the API server refuses others.",
    ),
    "MY623": Code(
        "An add that replaces",
        "An add whose path ends in a key that exists puts its value in place of what was there (RFC 6902 4.1).",
        "warning",
    ),
    "MY624": Code("kustomize cannot be run", "The objects of a base come from kustomize, or kubectl, on PATH."),
    "MY625": Code("kustomize stops", "The resources of a deployment cannot be built, whatever patches them."),
    "MY626": Code(
        "No stream of objects", "A ready-made base is what kustomize build prints: objects with kind and name."
    ),
    "MY631": Code(
        "Something declared is not in the built stream",
        "The kustomization does not list what modelyard rendered, lists an older rendering, or a patch of its own takes "
        "it away.",
    ),
    "MY632": Code(
        "The kustomization changed something",
        "What it decides wins over the models file. That may be meant; where it is not, the models file is the place.",
        "note",
    ),
    "MY633": Code(
        "Variants that run one image",
        "kustomize's images: knows an image by its name, and puts one tag on all variants. Both would answer alike.",
    ),
    "MY641": Code(
        "Not a deployment",
        "A deployment is the folder with the hand-written kustomization.yaml that SAS calls $deploy.",
    ),
    "MY642": Code("No site-config", "The set has no spec.viya, so there is nothing to place into a deployment."),
    "MY643": Code(
        "A site-config that is half there",
        "Its folder and its entry under components: belong together. viya4-deployment takes a folder without an entry.",
    ),
}
