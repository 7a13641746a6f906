"""MY24 and MY25: rules of target sagemaker."""

from typing import Final

from modelyard.problems.codes.code import Code

SAGEMAKER: Final[dict[str, Code]] = {
    "MY241": Code(
        "A field that a serverless endpoint cannot have",
        "SageMaker refuses a serverless variant together with a VPC, network isolation, data capture, asynchronous "
        "inference, model data other than an archive, several containers, start-up time-outs, or other variants.",
    ),
    "MY242": Code(
        "A reference that SageMaker cannot resolve",
        "The environment of a SageMaker container is plain text in the Model: it cannot refer to a Secret or "
        "ConfigMap, and it is not hidden. Keep secrets in AWS Secrets Manager, and let the container read them.",
    ),
    "MY243": Code(
        "A variable that SageMaker does not take",
        "Names are letters, digits and _, values have at most 1024 bytes, all together 32 KiB. SageMaker does not "
        "expand variables: modelyard fills in {expand: …} when it renders, so it can refer only to variables whose "
        "text is known.",
    ),
    "MY244": Code(
        "An image that SageMaker cannot pull",
        "SageMaker pulls from Amazon ECR, in the region of the endpoint. A registry in a VPC needs a patch on the "
        "Model's imageConfig, and ignore: [{code: MY244, reason: …}].",
        ignorable=True,
    ),
    "MY245": Code(
        "A field without effect on SageMaker",
        "SageMaker starts the image on an instance of its own. Pods, their volumes, probes and places do not exist "
        "there.",
        "warning",
        ignorable=True,
    ),
    "MY246": Code(
        "A percent that does not reach a running endpoint",
        "The ACK controller updates an endpoint with RetainAllVariantProperties: existing variants keep their weight, "
        "their number of instances and their data capture. A changed percent counts only for new endpoints and new "
        "variants. The program of `modelyard sagemaker script` sets the weights as declared.",
        "warning",
        ignorable=True,
    ),
    "MY247": Code(
        "A canary without alarms",
        "The canary ends after its wait, even if its calls fail. Only a CloudWatch alarm moves the calls back.",
        "warning",
        ignorable=True,
    ),
    "MY248": Code(
        "A model that SageMaker does not run",
        "`modelyard sagemaker script` works only for models with the target sagemaker.",
    ),
    "MY249": Code(
        "A rolling update that SageMaker ignores",
        "An endpoint with several variants cannot have one: SageMaker moves all calls at once, and does not say so "
        "(developer "
        "guide, deployment guardrails, Exclusions).",
    ),
}
