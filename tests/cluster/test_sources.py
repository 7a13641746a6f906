"""sources with a cluster: what it runs stands beside what is pinned, and what is out of step is said."""

import json

from tests.support.cluster_scene import SET, Scene

FOLLOWED = SET.replace("path: /churn\n", "path: /churn\n      source: {path: export/7}\n")


def test_what_the_cluster_runs_is_compared_with_the_models_file(scene: Scene) -> None:
    (scene.file.parent / "export" / "7").mkdir(parents=True)
    (scene.file.parent / "export" / "7" / "saved_model.pb").write_text("graph", "utf-8")
    assert scene.apply(FOLLOWED).code == 0
    done = scene.run("sources", "churn", "-f", str(scene.file), "-o", "json")
    assert done.code == 0, done.err
    (found,) = json.loads(done.out)
    assert {each["variant"]: each["image"].rpartition("/")[2] for each in found["runs"]} == {
        "champion": "churn:2.0.0",
        "challenger": "churn:2.1.0",
    }
    assert [each for each in found["out_of_step"] if "cluster" in each] == []
    scene.file.write_text(FOLLOWED.replace("churn:2.1.0", "churn:2.2.0"), "utf-8")
    done = scene.run("sources", "churn", "-f", str(scene.file), "--exit-code")
    assert done.code == 1
    said = " ".join(done.out.split())
    assert "/models/churn:2.1.0 as challenger, and the models file has registry.example.com/models/churn:2.2.0" in said
