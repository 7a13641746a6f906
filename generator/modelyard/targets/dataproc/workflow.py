"""The workflow that runs jobs, and what starts it: uploads through Eventarc, and schedules.

A trigger of Eventarc cannot look at an object's name, so the workflow does. Each job's template is named in the
workflow's source; `seal` puts the hash there too, so that a changed job changes the workflow.
"""

import base64
import json
import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from modelyard.files.yaml import write
from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests import names
from modelyard.manifests.manifest import Beside, Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel
from modelyard.models.spark import Job
from modelyard.targets.dataproc.access import workflow_account
from modelyard.targets.dataproc.spec import Spec
from modelyard.targets.workloads import spark
from modelyard.targets.workloads.objects import base_name, manifest, spec_of

SERVICE: Final = "https://dataproc.googleapis.com/v1"
EXECUTIONS: Final = "https://workflowexecutions.googleapis.com/v1"
MARKERS: Final = ".modelyard/"  # in the bucket: which runs were there


def path(spec: Spec, base: str) -> str:
    """Return the workflow's own path."""
    return derived(f"projects/{spec.project}/locations/{spec.region}/workflows/{base}", base)


def file_of(base: str) -> str:
    """Return where the workflow's source stands among the generated files."""
    return f"workflows/{base}.yaml"


def commands(model: DeclaredModel, folder: str) -> list[str]:
    """Return the commands of gcloud that bring into Google Cloud what Config Connector does not. folder: generated/."""
    spec = spec_of(model.whole, "dataproc", Spec)
    base, project = base_name(model, "dataproc"), f"--project={spec.project}"
    found = []
    if not spec.alpha:
        account = address_of(workflow_account(base), spec)
        words = [
            f"gcloud workflows deploy {base}",
            f"--source={shlex.quote(f'{folder}/{file_of(base)}')}",
            f"--location={spec.region}",
            project,
            f"--service-account={account}",
        ]
        found.append(" ".join(words))
    if spark.uploads(model) and spec.projectNumber is None:
        agent = f'"serviceAccount:$(gcloud storage service-agent {project})"'
        found.append(
            f"gcloud projects add-iam-policy-binding {spec.project} --member={agent} --role=roles/pubsub.publisher"
        )
    return found


def objects(
    model: DeclaredModel, spec: Spec, base: str, context: dict[str, Any], templates: Templates
) -> Iterator[Manifest]:
    """Yield the workflow, as an object or as a file beside them; trigger and schedules."""
    context = context | {"workflowAccount": workflow_account(base), "workflowPath": path(spec, base)}
    workflow = manifest(
        "dataproc/workflowsworkflow.yaml",
        context | {"source": source(model, spec, base, templates)},
        templates,
        model.whole,
    )
    yield workflow if spec.alpha else workflow._replace(beside=Beside(file_of(base), ("spec", "sourceContents")))
    if spark.uploads(model):
        # Events of Cloud Storage are where the bucket is (Eventarc, "Receive events from Cloud Storage").
        location = derived(context["bucketLocation"].lower(), context["bucketLocation"])
        yield manifest("dataproc/eventarctrigger.yaml", context | {"triggerLocation": location}, templates, model.whole)
    yield from _schedules(model, spec, base, context, templates)


def _schedules(
    model: DeclaredModel, spec: Spec, base: str, context: dict[str, Any], templates: Templates
) -> Iterator[Manifest]:
    seen: Counter[str] = Counter()
    for each in spark.schedules(model):
        seen[each.run] += 1
        number = f"-{seen[each.run]}" if seen[each.run] > 1 else ""
        call = {"argument": json.dumps({"run": each.run, "schedule": each.schedule})}
        own = {
            "jobName": derived(f"{base}-{each.run}{number}", base),
            "schedule": each.schedule,
            "timeZone": each.timeZone or "Etc/UTC",
            "executions": derived(f"{EXECUTIONS}/{path(spec, base)}/executions", base),
            "argument": derived(base64.b64encode(json.dumps(call).encode()).decode(), each.run),
        }
        yield manifest("dataproc/schedulerjob.yaml", context | own, templates, model.whole)


def source(model: DeclaredModel, spec: Spec, base: str, templates: Templates) -> str:
    """Return the workflow's source (Google Cloud Workflows, YAML)."""
    own = spark.declared(model)
    champion = None
    if own.champion is not None and own.champion.generation is not None:
        generation = derived(str(own.champion.generation), own.champion.generation)
        champion = {"object": _literal(spark.object_of(own.champion)), "generation": generation}
    context = {
        "bucket": own.bucket,
        "jobs": {run: _job(model, spec, base, run, job) for run, job in spark.jobs(model)},
        "limit": names.seconds(spec.dagTimeout if spec.serverless else spec.autoDeleteTtl),
        "champion": champion,
        "triggers": [{"object": spark.regex(each.object or ""), "run": each.run} for each in spark.uploads(model)],
        "own": "|".join(spark.regex(f"{each}**") for each in (MARKERS, *spark.folders(model))),
    }
    return derived(write(templates.render("dataproc/workflow.yaml", context)), own.bucket)


def _job(model: DeclaredModel, spec: Spec, base: str, run: str, job: Job) -> dict[str, Any]:
    """Return what the workflow sends to start a job: the address, and the body without the id of the run."""
    if not spec.serverless:
        template = f"projects/{spec.project}/regions/{spec.region}/workflowTemplates/{base}-{run}"
        return {"url": f"{SERVICE}/{template}:instantiate", "serverless": False, "body": {}}
    return {
        "url": f"{SERVICE}/projects/{spec.project}/locations/{spec.region}/batches",
        "serverless": True,
        "body": _literal(_batch(model, spec, run, job)),
    }


def _literal(value: Any) -> Any:
    """Return data whose texts mean themselves: Workflows takes what begins with ${ for an expression."""
    if isinstance(value, dict):
        return {key: _literal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_literal(each) for each in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    first, *others = value.split("${")
    parts = [f"{first}$", *(f"{{{each}$" for each in others[:-1]), f"{{{others[-1]}"]
    return derived("${" + " + ".join(json.dumps(each) for each in parts) + "}", value)


def _batch(model: DeclaredModel, spec: Spec, run: str, job: Job) -> dict[str, Any]:
    """Return a batch of Dataproc Serverless (projects.locations.batches of its API, v1)."""
    own = spark.declared(model)
    files = {
        "fileUris": spark.uris(own, job.files, "gs"),
        "pythonFileUris": spark.uris(own, job.pyFiles, "gs"),
        "jarFileUris": spark.uris(own, job.jars, "gs"),
        "archiveUris": spark.uris(own, job.archives, "gs"),
        "args": job.args or [],
    }
    main = {"mainPythonFileUri": spark.uri(own, job.main, "gs")}
    execution = {
        "serviceAccount": address_of(spec.serviceAccount, spec),
        "subnetworkUri": spec.subnetwork,
        "ttl": f"{names.seconds(spec.dagTimeout)}s",
    }
    return {
        "pysparkBatch": main | {key: value for key, value in files.items() if value},
        "runtimeConfig": {
            "version": ".".join(spec.imageVersion.partition("-")[0].split(".")[:2]),
            "properties": in_order(
                spark.settings(own, run, lambda path: spark.uri(own, path, "gs")) | spark.sizes(own)
            ),
        },
        "environmentConfig": {"executionConfig": {key: value for key, value in execution.items() if value}},
        "labels": in_order(spec.labels or {}),
    }


def address_of(account: str, spec: Spec) -> str:
    """Return the address of an account of the project; one of a domain has its parts the other way round."""
    if "@" in account:
        return account
    domain, _, project = spec.project.rpartition(":")
    return f"{account}@{'.'.join(each for each in (project, domain) if each)}.iam.gserviceaccount.com"
