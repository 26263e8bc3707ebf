#!/usr/bin/env bash
# Puts a release of kpbuild on the PATH of later steps, after its checksum was compared.
#
#     install.sh VERSION      VERSION is a tag, or `latest`
set -euo pipefail
version=$1
repository=${KPBUILD_REPOSITORY:-kpbuild/kpbuild}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) target=x86_64-unknown-linux-musl ;;
  Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
  Darwin-x86_64) target=x86_64-apple-darwin ;;
  Darwin-arm64) target=aarch64-apple-darwin ;;
  *)
    echo "::error::there is no release of kpbuild for $(uname -s) on $(uname -m); build it with cargo and use version: path"
    exit 1
    ;;
esac

folder=${RUNNER_TEMP:?it is set by the runner}/kpbuild-bin
mkdir -p "$folder"
archive="kpbuild-$target.tar.gz"
tag=()
[ "$version" = latest ] || tag=("$version")
gh release download ${tag[@]+"${tag[@]}"} --repo "$repository" --dir "$folder" --clobber \
  --pattern "$archive" --pattern SHA256SUMS
cd "$folder"
if command -v sha256sum >/dev/null; then sums=(sha256sum); else sums=(shasum -a 256); fi
grep " $archive\$" SHA256SUMS | "${sums[@]}" --check
tar -xzf "$archive"
echo "$folder" >>"$GITHUB_PATH"
"$folder/kpbuild" --version
