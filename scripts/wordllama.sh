# Part of setup.sh, which sources it after dictionaries.sh: the weights and the tokenizer of WordLlama in $deps/wordllama,
# where `welt text` finds them. Without them it wants --model, so a failure here is told but stops nothing;
# WELT_NO_WORDLLAMA leaves them out.
wordllama_pins=$root/scripts/wordllama.txt

# The stamp is written before the folder gets its name, so a folder with the right stamp is whole.
wordllama_ready() {
  local folder=$deps/wordllama
  [ "$(cat "$folder/.welt-wordllama" 2>/dev/null)" = "$(sha256sum <"$wordllama_pins" | cut -d' ' -f1)" ] &&
    [ -s "$folder/l2_supercat_256.safetensors" ] && [ -s "$folder/l2_supercat_tokenizer_config.json" ]
}

download_wordllama() { # python folder
  env -u PIP_PREFIX -u PIP_ROOT -u PIP_TARGET -u PIP_NO_BINARY PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 TMPDIR="$2" \
    "$1" -m pip download --quiet --dest "$2" --requirement "$wordllama_pins" --require-hashes --no-deps \
    --only-binary=:all: --ignore-requires-python --implementation cp --python-version 3.11 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --retries 3 --timeout "${PIP_DEFAULT_TIMEOUT:-60}" </dev/null
}

install_wordllama() {
  local python new=$deps/.wordllama.new work=$deps/.wordllama.tmp
  python=$(find_pip) || {
    say "WordLlama: no Python with pip 20.3 or later to fetch it with; \`welt text\` then wants --model"
    return 0
  }
  say "WordLlama to install in $deps/wordllama (scripts/wordllama.txt; 19 MB to fetch, 18 MB in use)"
  rm -rf "$new" "$work"
  mkdir -p "$new" "$work"
  if { download_wordllama "$python" "$work" || { sleep 5; download_wordllama "$python" "$work"; }; } &&
    "$python" -m zipfile -e "$work"/wordllama-*.whl "$work/unpacked" &&
    cp "$work"/unpacked/wordllama/weights/l2_supercat_256.safetensors \
      "$work"/unpacked/wordllama/tokenizers/l2_supercat_tokenizer_config.json \
      "$work"/unpacked/wordllama-*.dist-info/licenses/LICENSE "$new" &&
    sha256sum <"$wordllama_pins" | cut -d' ' -f1 >"$new/.welt-wordllama"; then
    rm -rf "$deps/wordllama"
    mv "$new" "$deps/wordllama"
    say "WordLlama: installed"
  else
    say "WordLlama: it could not be fetched or unpacked, the error is above. Going on: \`welt text\` wants --model.
  Mend: check the network, then run this again."
  fi
  rm -rf "$new" "$work"
}

set_up_wordllama() {
  if wordllama_ready; then
    say "WordLlama: in $deps/wordllama"
  elif [ -n "${WELT_NO_WORDLLAMA:-}" ]; then
    say "WordLlama: left out (WELT_NO_WORDLLAMA)"
  elif [ "$mode" = check ]; then
    say "WordLlama: not in $deps/wordllama (or another version); optional"
  else
    mkdir -p "$deps"
    exec 9>"$deps/.lock"
    if has_command flock; then flock 9; fi
    wordllama_ready || install_wordllama
    exec 9>&-
  fi
}
