#!/bin/sh
# Drives the page of `kpbuild ci --report html=FILE` in Chromium.
#
#     check.sh FILE
#
# Exit status: 0 all well, 1 something is wrong (said on stdout), 77 not checked
# because node, Chromium or the package that drives it is missing (said on
# stderr). CHROMIUM names a browser that is not on the PATH. It never installs
# anything outside this folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
page=${1:?usage: check.sh FILE}

skip() {
  echo "SKIPPED: the page was not tried in a browser: $1" >&2
  exit 77
}

command -v node >/dev/null || skip 'node is not installed'
browser=${CHROMIUM:-}
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  [ -n "$browser" ] || browser=$(command -v "$name" || true)
done
[ -n "$browser" ] || skip 'Chromium is not installed (apt-get install chromium)'
if ! [ -d "$here/node_modules/playwright-core" ]; then
  command -v npm >/dev/null || skip 'npm is not installed'
  (cd "$here" && npm ci --silent >&2) || skip 'npm could not install the packages of tests/ci/page'
fi
exec node "$here/check.mjs" "$browser" "$page"
