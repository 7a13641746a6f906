"""Who may do what: the bucket, the accounts of machines and workflow, and the one role that each step needs.

Sources: Dataproc, "Dataproc permissions and IAM roles"; Eventarc, "Receive events from Cloud Storage" (roles of the
trigger's account, and pubsub.publisher of Cloud Storage's own); Workflows, "Access control".
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from modelyard.files.yaml.marked import derived
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel
from modelyard.targets.dataproc.spec import Spec
from modelyard.targets.workloads import spark
from modelyard.targets.workloads.objects import manifest

_PROJECTS: Final = "resourcemanager.cnrm.cloud.google.com/v1beta1"
_ACCOUNTS: Final = "iam.cnrm.cloud.google.com/v1beta1"
_BUCKETS: Final = "storage.cnrm.cloud.google.com/v1beta1"


class Grant(NamedTuple):
    """A role for an account on a resource: name of the object, role, resource, and the account by name or address."""

    name: str
    role: str
    resource: dict[str, Any]
    account: dict[str, Any]
    member: str | None = None


def reference(spec: Spec) -> dict[str, str]:
    """Return the account of the machines as objects name it: one that exists by its address."""
    return {"external" if "@" in spec.serviceAccount else "name": spec.serviceAccount}


def workflow_account(base: str) -> str:
    """Return the id of the account of workflow, triggers and schedules."""
    return derived(f"{base}-workflow", base)


def objects(
    model: DeclaredModel, spec: Spec, base: str, context: dict[str, Any], templates: Templates
) -> Iterator[Manifest]:
    """Yield bucket, accounts and roles."""
    if spec.createBucket:
        yield manifest("dataproc/bucket.yaml", context, templates, model.whole)
    if "@" not in spec.serviceAccount:
        own = {"accountName": spec.serviceAccount, "displayName": f"Spark of {base}"}
        yield manifest("dataproc/serviceaccount.yaml", context | own, templates, model.whole)
    own = {"accountName": workflow_account(base), "displayName": f"Starts the jobs of {base}"}
    yield manifest("dataproc/serviceaccount.yaml", context | own, templates, model.whole)
    for each in grants(model, spec, base):
        granted: dict[str, Any] = {
            "memberName": derived(f"{base}-{each.name}", base),
            "resource": each.resource,
            "role": each.role,
            "member": each.member,
            "memberFrom": each.account,
        }
        yield manifest("dataproc/policymember.yaml", context | granted, templates, model.whole, hashed=True)


def grants(model: DeclaredModel, spec: Spec, base: str) -> Iterator[Grant]:
    """Yield what the machines need, then the workflow, then what starts it."""
    path = derived(f"projects/{spec.project}", spec.project)
    project = {"apiVersion": _PROJECTS, "kind": "Project", "external": path}
    bucket = {
        "apiVersion": _BUCKETS,
        "kind": "StorageBucket",
        "name" if spec.createBucket else "external": spark.declared(model).bucket,
    }
    exists = "@" in spec.serviceAccount
    machines: dict[str, Any] = {} if exists else {"name": spec.serviceAccount}
    member = derived(f"serviceAccount:{spec.serviceAccount}", spec.serviceAccount) if exists else None
    yield Grant("works", "roles/dataproc.worker", project, machines, member)
    yield Grant("data", "roles/storage.objectUser", bucket, machines, member)
    own = {"name": workflow_account(base)}
    as_machines = {
        "apiVersion": _ACCOUNTS,
        "kind": "IAMServiceAccount",
        "external" if exists else "name": derived(f"{path}/serviceAccounts/{spec.serviceAccount}", spec.serviceAccount)
        if exists
        else spec.serviceAccount,
    }
    yield Grant("starts", "roles/dataproc.editor", project, own)
    yield Grant("as-machines", "roles/iam.serviceAccountUser", as_machines, own)
    yield Grant("markers", "roles/storage.objectUser", bucket, own)
    yield Grant("reports", "roles/logging.logWriter", project, own)
    yield Grant("invokes", "roles/workflows.invoker", project, own)
    if spark.uploads(model):
        yield Grant("receives", "roles/eventarc.eventReceiver", project, own)
        if spec.projectNumber is not None:
            agent = f"service-{spec.projectNumber}@gs-project-accounts.iam.gserviceaccount.com"
            yield Grant("uploads", "roles/pubsub.publisher", project, {}, derived(f"serviceAccount:{agent}", agent))
