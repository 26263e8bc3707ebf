#!/usr/bin/env bash
# Runs `kpbuild ci` and keeps its exit code for later steps: the reports are wanted all the more when it fails.
set -euo pipefail

base=${BASE:-}
if [ -z "$base" ]; then
  base="origin/$TARGET"
  # A checkout of one commit lacks the base. Its history is needed as well, to know where the branch left.
  if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
    git fetch --quiet --unshallow origin
  fi
  git fetch --quiet origin "+refs/heads/$TARGET:refs/remotes/origin/$TARGET"
fi

# An empty address is none.
[ -n "${KPBUILD_PROMETHEUS:-}" ] || unset KPBUILD_PROMETHEUS
[ -n "${KPBUILD_PROMETHEUS_TOKEN:-}" ] || unset KPBUILD_PROMETHEUS_TOKEN

# Words of an input are words of the command; none is none.
read -r -a stacks <<<"${STACKS:-}"
reports=(
  --report "comment=$REPORT/comment.md"
  --report "html=$REPORT/report.html"
  --report "json=$REPORT/report.json"
)
[ -z "${SARIF:-}" ] || reports+=(--report "sarif=$SARIF")
[ -z "${JUNIT:-}" ] || reports+=(--report "junit=$JUNIT")

code=0
kpbuild ci ${stacks[@]+"${stacks[@]}"} \
  --base "$base" \
  --fail-on "$FAIL_ON" \
  --since "$SINCE" \
  --format github \
  --report-url "$REPORT_URL" \
  "${reports[@]}" || code=$?

echo "exit-code=$code" >>"$GITHUB_OUTPUT"
if [ -f "$REPORT/comment.md" ]; then
  echo "report=$REPORT" >>"$GITHUB_OUTPUT"
  # GitHub shows up to 1 MiB below the run.
  cat "$REPORT/comment.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
fi
