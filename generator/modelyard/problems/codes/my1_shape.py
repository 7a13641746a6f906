"""MY1: the shape of the models file."""

from typing import Final

from modelyard.problems.codes.code import Code

SHAPE: Final[dict[str, Code]] = {
    "MY101": Code("An unknown key", "The key is not part of the format, or stands at the wrong level."),
    "MY102": Code("A missing key", "The format requires this key here."),
    "MY103": Code(
        "A value of the wrong type",
        "The format wants another type here: text, an integer, true or false, a list or a mapping.",
    ),
    "MY104": Code("A value that is not allowed", "The format does not allow this value here, or it is out of range."),
    "MY105": Code(
        "A value in the wrong form", "The text does not have the form of a name, an image, a duration or a quantity."
    ),
    "MY106": Code(
        "An unknown target", "spec.models[].targets names where a model runs. `modelyard targets` lists what exists."
    ),
    "MY108": Code(
        "A base that cannot be used", "spec.base names another models file, relative to this one, without a cycle."
    ),
    "MY109": Code(
        "$remove without an item to remove", "$remove: true takes an item with this name out of what the base declared."
    ),
    "MY110": Code(
        "No such model",
        "The file has no such model or variant, or it has too many errors to show.",
    ),
    "MY111": Code(
        "An image whose start command is not known",
        "`modelyard image` writes an entry point that starts the model itself, so that the proxy has the port that "
        "SageMaker calls. It knows the start command of SAS Container Runtime only. For other models, set `command`.",
    ),
    "MY112": Code(
        "Not a SavedModel that can be served",
        "TensorFlow Serving loads a folder with a saved_model.pb of at most 2 GiB, and serves the graph whose only "
        "tag is `serve`. modelyard reads the file without TensorFlow. Source: tensorflow, "
        "core/protobuf/saved_model.proto and meta_graph.proto.",
    ),
    "MY113": Code(
        "A SavedModel without its usual signature",
        "A call that names no signature gets `serving_default`, and so do `modelyard score` and SageMaker's calls.",
        "warning",
    ),
    "MY114": Code(
        "A SavedModel of another version",
        "TensorFlow Serving takes the version from the name of the folder. Where the folder has a number, it must be "
        "the one that the model declares with `version`, or no pod would become ready.",
    ),
    "MY115": Code(
        "No container program that answers",
        "modelyard builds images with buildah, podman or docker, and tries them with podman or docker: the first one "
        "on PATH that answers. On many machines docker is installed, but its server does not run.",
    ),
    "MY116": Code("A container program that failed", "See its output above. The build context is complete."),
    "MY117": Code(
        "An image that cannot be made like this",
        "For a model of TensorFlow Serving, `modelyard image` makes an image with the SavedModel that --from names. "
        "For other models it makes the image that SageMaker runs.",
    ),
    "MY118": Code(
        "A variable that only the cluster has",
        "Values of Secrets, ConfigMaps and pod fields are only in the cluster. `modelyard try` takes them from its "
        "own environment, by the variable's name, and never shows them.",
    ),
    "MY119": Code(
        "A part of a pod that is missing without a cluster",
        "Volumes, whole Secrets and the containers beside the model are left out. The model's container starts with "
        "the rights and limits that it has in a cluster.",
        "warning",
    ),
    "MY120": Code(
        "A container that is not ready",
        "The container has ended, or its readiness probe did not succeed in the time that its startup probe allows. "
        "Its log "
        "says why.",
    ),
    "MY121": Code(
        "A warm-up request that fails",
        "As TensorFlow Serving loads a version, it scores the requests in assets.extra/tf_serving_warmup_requests: a "
        "TFRecord file of at most 1,000 PredictionLogs. One that fails fails the version, and no pod becomes ready. "
        "modelyard holds each against the signature that it asks for: names, types and shapes of the inputs, where "
        "-1 takes any size. Source: tensorflow/serving, saved_model_warmup.md and "
        "servables/tensorflow/saved_model_warmup_util.cc.",
    ),
    "MY122": Code(
        "A warm-up record without a request",
        "TensorFlow Serving takes a record that is no request of a kind that it knows, and does nothing with it. So it "
        "is with a tf.train.Example in place of a PredictionLog.",
        "warning",
    ),
    "MY123": Code(
        "A port that cannot be listened at",
        "`modelyard invocations` listens at two ports: for calls, and for the probes of the kubelet.",
    ),
    "MY131": Code(
        "An include that matches no file",
        "spec.include names files with a PublishedModel each, relative to the models file. * stands for a part of one "
        "name. Before the first model is published, there may be none.",
        "warning",
    ),
    "MY132": Code(
        "A published model that gives no model",
        "SAS Model Manager copies a folder for each model that it publishes, and replaces ${sas-scr-published-name} "
        "and ${sas-scr-image-url}. A model's name is the published one in lower case, with - for _, and has to be a "
        "DNS label.",
    ),
    "MY133": Code(
        "Two published models of one name",
        "Names in Git and in Model Manager may differ in upper case or in _ alone; those of models cannot.",
    ),
}
