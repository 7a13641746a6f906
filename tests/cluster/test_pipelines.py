"""The CronJob of the samples, as an API server takes it into a namespace that enforces Pod Security "restricted"."""

import re
import subprocess
from pathlib import Path

from tests.support.cluster_server import Cluster
from tests.support.consoles import blocks, environment, read
from tests.support.pipelines import ROOT


def test_the_commands_of_the_page_make_a_cronjob_without_a_warning(cluster: Cluster, tmp_path: Path) -> None:
    (lines,) = (each for each in blocks(read("docs/how-to/pipelines.md"), "sh") if "kubectl create namespace" in each)
    warned = lines.replace("enforce=restricted", "enforce=restricted pod-security.kubernetes.io/warn=restricted")
    for name, text in {"username": "modelyard", "password": "x", "token": "x", "config.json": '{"auths": {}}'}.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "ci").symlink_to(ROOT / "ci")
    variables = environment(cluster.kubectl.parent, KUBECONFIG=str(cluster.kubeconfig))
    try:
        for line in warned.splitlines():
            done = subprocess.run(
                ["sh", "-c", line], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), line
        spec = cluster.get("jobs", "promotion-now", "promotion")["spec"]["template"]["spec"]
        assert spec["automountServiceAccountToken"] is False
        named = re.findall(r"'(?:name|secretName)': '(promotion-\w+)'", str(spec))
        assert set(named) == {"promotion-git", "promotion-mlflow", "promotion-registry"}
        cluster.succeed("get", "secrets", *named, "-n", "promotion")
    finally:
        cluster.run("delete", "namespace", "promotion", "--wait=false")
