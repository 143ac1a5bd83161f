#!/usr/bin/env bash
# Fetches what servers do, good and bad, and reads records and archive with readers that are not
# ours: read_outputs.sh PROGRAMS MODULES, the directories of the built programs and of the scripts
# with their node_modules.
set -euo pipefail
programs=$1 modules=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  printf 'read_outputs: %s\n' "$*" >&2
  exit 1
}

# The origin ends when its standard input does.
coproc ORIGIN { exec "$programs/fetchpool_test_origin"; }
read -r -t 10 _ port <&"${ORIGIN[0]}" || fail "the origin does not start"

# Bytes that are no UTF-8, controls, quotes, and U+2028, in headers and bodies.
hostile='X-Hostile:%20%ff%fe%c3(%01%1b[31m%22%5c%e2%80%a8%7f'
cat >"$work/list" <<LIST
http://127.0.0.1:$port/ok?size=20000
http://127.0.0.1:$port/ok?size=1000000
http://127.0.0.1:$port/gzip?size=0
http://127.0.0.1:$port/gzip?size=5000
http://127.0.0.1:$port/gzip?size=2000000
http://127.0.0.1:$port/br?size=5000
http://127.0.0.1:$port/zstd?size=5000
http://127.0.0.1:$port/chunked-trailer?size=5000
http://127.0.0.1:$port/gzip-transfer?size=5000
http://127.0.0.1:$port/length-and-chunked?size=5000
http://127.0.0.1:$port/redirect/5
http://127.0.0.1:$port/redirect-loop
http://127.0.0.1:$port/header?size=3000&line=$hostile
http://127.0.0.1:$port/header?size=300000&line=$hostile
http://127.0.0.1:$port/folded-header?size=100
http://127.0.0.1:$port/lf-only?size=100
http://127.0.0.1:$port/two-lengths?first=5&second=5
http://127.0.0.1:$port/status-line?line=HTTP/1.1%20200%20%ff%22%01
http://127.0.0.1:$port/http10?size=5000
http://127.0.0.1:$port/close-delimited?size=5000
http://127.0.0.1:$port/no-content-body
http://127.0.0.1:$port/not-modified
http://127.0.0.1:$port/status/404?size=100
http://127.0.0.1:$port/short-body?size=5000
http://127.0.0.1:$port/gzip-cut?size=5000
http://127.0.0.1:$port/gzip-corrupt?size=5000
http://127.0.0.1:$port/gzip-plain?size=5000
http://127.0.0.1:$port/garbage
http://127.0.0.1:$port/close
ftp://example.com/
no $(printf '\xff\xfe\x01') URL
LIST

"$programs/fetchpool" -q -i "$work/list" --retry 0 --include-headers --exit-zero \
  -o "$work/pages.jsonl" --warc "$work/pages.warc.gz"
lines=$(wc -l <"$work/list")
[ "$(jq -c . "$work/pages.jsonl" | wc -l)" = "$lines" ] || fail "jq does not read $lines records"
[ "$(jq -s -c 'map(keys) | unique | length' "$work/pages.jsonl")" = 1 ] ||
  fail "the records differ in their keys"
node "$modules/read_json.js" "$lines" "$work/pages.jsonl"
gzip -t "$work/pages.warc.gz"
node "$modules/read_warc.js" 80 "$work/pages.warc.gz"
