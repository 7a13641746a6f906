"""MY24 and MY25: rules of target sagemaker."""

from typing import Final

from modelyard.problems.codes.code import Code

SAGEMAKER: Final[dict[str, Code]] = {
    "MY241": Code(
        "What a serverless endpoint cannot have",
        "SageMaker refuses a serverless variant together with a VPC, network isolation, data capture, asynchronous "
        "inference, model data that is no archive, several containers, time-outs of its start, or other variants.",
    ),
    "MY242": Code(
        "A reference that SageMaker cannot resolve",
        "The environment of a SageMaker container is plain text: it reads no Secret and no ConfigMap, and stands "
        "readable in the Model. What is secret belongs into AWS Secrets Manager, read by the container itself.",
    ),
    "MY243": Code(
        "A variable that SageMaker does not take",
        "Names are letters, digits and _, values have at most 1024 bytes, all together 32 KiB. SageMaker expands "
        "nothing: what {expand: …} asks for is filled in at rendering, so it may name only variables with known text.",
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
        "The ACK controller updates an endpoint with RetainAllVariantProperties: variants that it has already keep "
        "their weight, their number of instances and their data capture. A new percent counts for new endpoints and "
        "new variants. The program of `modelyard sagemaker script` sets the weights as declared.",
        "warning",
        ignorable=True,
    ),
    "MY247": Code(
        "A canary without alarms",
        "The canary ends after its wait whatever it answers; only a CloudWatch alarm moves the calls back.",
        "warning",
        ignorable=True,
    ),
    "MY248": Code(
        "A model that SageMaker does not run",
        "`modelyard sagemaker script` prints a program for models with the target sagemaker.",
    ),
    "MY249": Code(
        "A rolling update that SageMaker leaves aside",
        "Endpoints with several variants have none: SageMaker then moves all calls at once, without a word (developer "
        "guide, deployment guardrails, Exclusions).",
    ),
}
