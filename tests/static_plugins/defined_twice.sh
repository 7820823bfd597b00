#!/usr/bin/env bash
# usage: defined_twice.sh FILE   each line of FILE: a plugin's target and its object files
# Prints each strong symbol that objects of two plugins define; exit 1 if there is one. The entry is renamed when a plugin
# is linked into a program.
set -euo pipefail
symbols=$(while read -r plugin objects; do
  # shellcheck disable=SC2086  # a list
  nm --defined-only $objects | awk -v plugin="$plugin" '$2 ~ /^[TDBR]$/ && !/welt_plugin_entry$/ { print $3, plugin }' | sort -u
done <"$1")
plugins=$(cut -d' ' -f2 <<<"$symbols" | sort -u | wc -l)
[ "$plugins" -gt 5 ] || { echo "symbols of $plugins plugins only in $1"; exit 1; }
twice=$(sort <<<"$symbols" | awk '{ of[$1] = of[$1] " " $2; ++count[$1] } END { for (s in count) if (count[s] > 1) print s ":" of[s] }')
[ -z "$twice" ] || { c++filt <<<"$twice"; exit 1; }
