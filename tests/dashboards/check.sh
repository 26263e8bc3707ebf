#!/bin/sh
# Checks rendered dashboards against Grafana's published types, and their layout.
#
#     check.sh DIR     DIR holds dashboards as *.json, or the ConfigMaps grafana-dashboard-* as *.yaml
#
# Exit status: 0 all well, 1 something is wrong (said on stdout), 77 not checked
# because node or its packages are missing (said on stderr). It never installs
# anything outside this folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?usage: check.sh DIR}

skip() {
  echo "SKIPPED: dashboards were not checked against Grafana's types: $1" >&2
  exit 77
}

command -v node >/dev/null || skip 'node is not installed'
if ! [ -d "$here/node_modules/@grafana/schema" ] || ! [ -d "$here/node_modules/typescript" ]; then
  command -v npm >/dev/null || skip 'npm is not installed'
  (cd "$here" && npm ci --silent >&2) || skip 'npm could not install the packages of tests/dashboards'
fi
status=0
node "$here/types.mjs" "$dir" || status=1
node "$here/layout.mjs" --check "$dir" || status=1
exit $status
