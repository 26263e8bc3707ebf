#!/usr/bin/env bash
# Writes a comment under a pull request, or renews the one that an earlier run wrote: it is known by its first line.
#
#     comment.sh OWNER/REPOSITORY NUMBER KEY FILE
set -euo pipefail
repository=$1 number=$2 key=$3 file=$4

marker="<!-- kpbuild-ci $key -->"
body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
  echo "$marker"
  tail -n +2 "$file"
} >"$body"

id=$(gh api --paginate "repos/$repository/issues/$number/comments?per_page=100" \
  --jq ".[] | select(.body | startswith(\"$marker\")) | .id" | head -n 1)
if [ -n "$id" ]; then
  gh api --silent --method PATCH "repos/$repository/issues/comments/$id" --field "body=@$body"
  echo "renewed comment $id"
else
  gh api --silent --method POST "repos/$repository/issues/$number/comments" --field "body=@$body"
  echo "wrote a comment"
fi
