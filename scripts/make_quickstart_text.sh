#!/usr/bin/env bash
# Makes data/quickstart/{train,held-out}.txt again from Debian's packages bible-kjv and bible-kjv-text:
#   apt-get install bible-kjv bible-kjv-text && scripts/make_quickstart_text.sh [folder]
# The New Testament, one chapter a paragraph, one verse a line; chapters 10, 30, 50, … (every 20th) are held out.
set -euo pipefail
folder=${1:-$(cd "$(dirname "$0")/.." && pwd)/data/quickstart}
command -v bible >/dev/null || { echo "make_quickstart_text: the command bible is missing: apt-get install bible-kjv" >&2; exit 1; }
mkdir -p "$folder"
bible -f 'Matthew1:1-Revelation22:21' </dev/null | LC_ALL=C awk -v folder="$folder" '
  { chapter = $1; sub(/:[0-9]+$/, "", chapter); verse = $0; sub(/^[^ ]+ /, "", verse); sub(/ +$/, "", verse) }
  chapter != before {
    before = chapter; ++number
    file = folder (number % 20 == 10 ? "/held-out.txt" : "/train.txt")
    if (file in begun) print "" > file
    begun[file] = 1
  }
  { print verse > file }'
wc -c "$folder"/train.txt "$folder"/held-out.txt
