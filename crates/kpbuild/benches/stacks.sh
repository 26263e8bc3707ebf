#!/usr/bin/env bash
# How long many stacks take in one call, and how much memory: 25, 100 and 200
# stacks on a common base, into empty folders, and the 200 once more unchanged.
# usage: stacks.sh [KPBUILD]      with GNU time; on a quiet machine
set -euo pipefail
kpbuild=$(realpath "${1:-target/release/kpbuild}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/base.yaml" <<'YAML'
kind: StackBase
variables: {cluster: , replicas: 2}
components:
  prometheus:
    replicas: ${replicas}
    retention: 30d
    storage: {size: 100Gi}
    externalLabels: {cluster: "${cluster}"}
  alertmanager: {replicas: 3}
YAML
for count in 25 100 200; do
    mkdir "$folder/$count"
    for number in $(seq "$count"); do
        cat > "$folder/$count/$number.yaml" <<YAML
kind: Stack
name: cluster-$number
extends: [../base.yaml]
variables: {cluster: cluster-$number, replicas: $((number % 3 + 1))}
expose: {grafana: {ingress: {host: grafana-$number.example.com}}}
YAML
    done
done
measure() {
    /usr/bin/time -f "%e s, %U + %S s of processors, %M KiB" "$kpbuild" "$@" 2>&1 | tail -2 | paste -sd' '
}
for count in 25 100 200; do
    echo "render $count: $(measure render "$folder/$count" -o "$folder/out-$count")"
done
echo "render 200 again: $(measure render "$folder/200" -o "$folder/out-200")"
echo "check 200: $(measure check "$folder/200" --only stack-conflict)"
