#!/bin/sh
# What `make demo` shows: from overlays/dev/models.yaml to objects, with whatever builder the machine has.
set -eu
cd "$(dirname "$0")/.."

echo "== modelyard render -f overlays/dev"
modelyard render -f overlays/dev

if command -v kustomize >/dev/null; then
  build="kustomize build overlays/dev"
elif command -v kubectl >/dev/null; then
  build="kubectl kustomize overlays/dev"
else
  build="modelyard render -f overlays/dev --stdout"
fi
echo "== $build"
objects=$(mktemp)
trap 'rm -f "$objects"' EXIT
$build >"$objects"

echo "== modelyard check -f overlays/dev"
modelyard check -f overlays/dev

echo "== what came out"
awk '/^kind: / {kind = $2} /^  name: / && kind != "" {gsub(/"/, "", kind); gsub(/"/, "", $2); print kind, $2; kind = ""}' "$objects" | sort | awk '{printf "%-22s %s\n", $1, $2}'
echo "$(grep -c '^kind: ' "$objects") objects"
