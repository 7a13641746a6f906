"""What a model and its objects cost, as calls of functions: unlike seconds, a machine does not change them."""

import json
import os
import subprocess
import sys

import pytest

# Calls of modelyard's own functions for each model more, and for its three objects. Lower them with what gets cheaper.
RENDER = 2_634
CHECK = 1_415
MARGIN = 1.05
FEW, MANY = 40, 120  # models
HEAD = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: many}
spec:
  namespace: scoring
  registry: registry.example.com/models
  serviceAccount: {name: default, create: false}
  defaults:
    resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 2Gi}}
  models:
"""
MODEL = """\
    - name: model-%d
      image: model_%d:1.0.0
      env: {THRESHOLD: "0.5"}
      config: {RATE: "%d"}
      targets: {knative: {minScale: 1, maxScale: 5, target: 10, window: 60s}}
"""
PROGRAM = """
import json, sys
from pathlib import Path
from modelyard import api
from modelyard.api.objects import check_streams
from modelyard.files.yaml import write_all

INLINED = {"<listcomp>", "<dictcomp>", "<setcomp>"}  # no calls any more since Python 3.12
package = str(Path(api.__file__).parents[1])

def calls(run):
    made = 0
    def count(frame, event, _):
        nonlocal made
        code = frame.f_code
        made += event == "call" and code.co_filename.startswith(package) and code.co_name not in INLINED
    sys.setprofile(count)
    run()
    sys.setprofile(None)
    return made

render, check = [], []
for file in sys.argv[1:]:
    api.overlay(file)  # what is loaded and kept once is not counted
    render.append(calls(lambda: api.overlay(file)))
    stream = write_all(each.body for each in api.render(file).objects).encode()
    check_streams({"stream": stream})
    check.append(calls(lambda: check_streams({"stream": stream})))
print(json.dumps([render, check]))
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[list[float]]:
    """Return the calls for few and for many models: of rendering them, and of checking their objects as a stream."""
    folder = tmp_path_factory.mktemp("calls")
    files = [folder / str(count) / "models.yaml" for count in (FEW, MANY)]
    for file in files:
        file.parent.mkdir()
        models = [MODEL % (i, i, i) for i in range(int(file.parent.name))]
        file.write_text(HEAD + "".join(models), "utf-8")
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-c", PROGRAM, *map(str, files)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    found: list[list[float]] = json.loads(done.stdout)
    return found


def test_a_model_costs_no_more_calls_to_render(calls: list[list[float]]) -> None:
    few, many = calls[0]
    assert (many - few) / (MANY - FEW) < RENDER * MARGIN


def test_the_objects_of_a_model_cost_no_more_calls_to_check(calls: list[list[float]]) -> None:
    few, many = calls[1]
    assert (many - few) / (MANY - FEW) < CHECK * MARGIN


def test_what_is_not_called_is_not_counted(calls: list[list[float]]) -> None:
    assert all(few * 2 < many for few, many in calls)
