#!/usr/bin/env bash
# How long `kpbuild ci` takes for 50 stacks on one base, of which a branch changes one line: without results of earlier
# runs, and with them. Prints milliseconds; the least of the runs counts, as everything else is noise of the machine.
#
#     cargo build --release --package kpbuild && crates/kpbuild/benches/ci.sh target/release/kpbuild
set -euo pipefail
kpbuild=$(realpath "${1:?usage: ci.sh KPBUILD [STACKS] [RUNS]}")
stacks=${2:-50} runs=${3:-5}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
git init --quiet --initial-branch main repository
cd repository
git config user.name bench
git config user.email bench@example.com

cat >base.yaml <<'YAML'
kind: StackBase
namespace: monitoring
components:
  prometheus:
    retention: 30d
rules:
  parameters:
    node-exporter:
      fsSpaceAvailableWarningThreshold: 5
YAML
mkdir stacks
for number in $(seq "$stacks"); do
  cat >"stacks/cluster-$number.yaml" <<YAML
kind: Stack
name: cluster-$number
extends: [../base.yaml]
components:
  prometheus:
    externalLabels: {cluster: cluster-$number}
YAML
done
git add .
git commit --quiet --message base
git checkout --quiet -b change
sed -i.bak 's/Threshold: 5/Threshold: 8/' base.yaml && rm base.yaml.bak
git commit --quiet --all --message change

# The least time of some runs, in milliseconds.
least() {
  local least=
  for _ in $(seq "$runs"); do
    "$@" prepare
    local start end
    start=$(date +%s%N)
    "$kpbuild" ci --base main --cache "$folder/cache" --report html="$folder/report.html" >"$folder/out" 2>"$folder/said"
    end=$(date +%s%N)
    local took=$(((end - start) / 1000000))
    if [ -z "$least" ] || [ "$took" -lt "$least" ]; then least=$took; fi
  done
  echo "$least"
}
cold() { rm -rf "$folder/cache"; }
warm() { :; }

echo "cold: $(least cold) ms"
tail -n 2 "$folder/out"
echo "warm: $(least warm) ms"
cat "$folder/said"
