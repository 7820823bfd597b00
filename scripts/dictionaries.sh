# Part of setup.sh, which sources it: the dictionaries of the segmenter "words" in $deps/dictionaries.
#
#   jieba        dict.txt, hmm.txt (made by jieba_hmm.awk)   Chinese
#   unidic-lite  sys.dic, unk.dic, matrix.bin, char.bin, dicrc   Japanese, a MeCab dictionary
#   pythainlp    words_th.txt                                Thai
#
# Each folder holds VERSION too, and what the package says of its licence. Without the dictionaries the segmenter takes
# others, so a failure here is told but stops nothing; WELT_NO_DICTIONARIES leaves them out.
dictionary_pins=$root/scripts/dictionaries.txt

pinned_dictionaries() { cat "$dictionary_pins" "$root/scripts/jieba_hmm.awk" | sha256sum | cut -d' ' -f1; }

# The stamp is written before the folder gets its name, so a folder with the right stamp is whole.
dictionaries_ready() {
  local folder=$deps/dictionaries
  [ "$(cat "$folder/.welt-dictionaries" 2>/dev/null)" = "$(pinned_dictionaries)" ] &&
    [ -s "$folder/jieba/dict.txt" ] && [ -s "$folder/jieba/hmm.txt" ] && [ -s "$folder/unidic-lite/sys.dic" ] &&
    [ -s "$folder/unidic-lite/matrix.bin" ] && [ -s "$folder/pythainlp/words_th.txt" ]
}

# Downloads the packages that the file `pins` names, and checks their hashes. `what` is for the message.
download_pinned() { # python folder pins what
  local try
  for try in 1 2; do
    # pip asks a source package for its name, in a Python of its own; it installs nothing.
    if env -u PIP_PREFIX -u PIP_ROOT -u PIP_TARGET -u PIP_NO_BINARY -u PIP_ONLY_BINARY PIP_REQUIRE_VIRTUALENV=0 \
      PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 TMPDIR="$2" \
      "$1" -m pip download --quiet --dest "$2" --requirement "$3" --require-hashes --no-deps \
      --ignore-requires-python --retries 3 --timeout "${PIP_DEFAULT_TIMEOUT:-60}" </dev/null; then
      return 0
    fi
    [ "$try" = 2 ] && return 1
    say "the download of $4 failed; trying again"
    sleep 5
  done
}

# Takes the data out of the packages in the folder $1 into the new folder $2.
unpack_dictionaries() {
  local from=$1 to=$2 name
  mkdir -p "$from/unpacked" "$to"/{jieba,unidic-lite,pythainlp} || return 1
  for name in jieba unidic-lite; do
    tar -xzf "$from/$name"-*.tar.gz -C "$from/unpacked" --no-same-owner || return 1
  done
  "$python" -m zipfile -e "$from"/pythainlp-*.whl "$from/unpacked/pythainlp" || return 1
  local jieba unidic thai=$from/unpacked/pythainlp
  jieba=$(echo "$from"/unpacked/jieba-*) unidic=$(echo "$from"/unpacked/unidic-lite-*)
  cp "$jieba"/jieba/dict.txt "$jieba"/PKG-INFO "$to/jieba/" || return 1
  awk -f "$root/scripts/jieba_hmm.awk" "$jieba"/jieba/finalseg/prob_{start,trans,emit}.py \
    >"$to/jieba/hmm.txt" || return 1
  cp "$unidic"/unidic_lite/dicdir/{sys.dic,unk.dic,matrix.bin,char.bin,dicrc,mecabrc,AUTHORS,COPYING,BSD} \
    "$to/unidic-lite/" || return 1
  cp "$thai"/pythainlp/corpus/{words_th.txt,corpus_license.md} "$to/pythainlp/" || return 1
  for name in jieba unidic-lite pythainlp; do
    sed -n "s/^$name==\([^ ]*\).*/\1/p" "$dictionary_pins" >"$to/$name/VERSION" || return 1
  done
}

install_dictionaries() {
  local python free new=$deps/.dictionaries.new work=$deps/.dictionaries.tmp
  python=$(find_pip) || {
    say "dictionaries: no Python with pip 20.3 or later to fetch them with; words then come from other dictionaries"
    return 0
  }
  free=$(df -Pk "$deps" | awk 'NR == 2 { print int($4 / 1048576) }')
  [ "$free" -ge 1 ] || {
    say "dictionaries: less than 1 GB free in $deps; left out"
    return 0
  }
  say "dictionaries to install in $deps/dictionaries (scripts/dictionaries.txt; 88 MB to fetch, 270 MB in use):"
  cat <<'TEXT'
  jieba 0.42.1         Chinese words and a model of unknown ones
  unidic-lite 1.0.8    Japanese words, a MeCab dictionary
  pythainlp 5.4.0      Thai words
TEXT
  rm -rf "$new" "$work"
  mkdir -p "$work"
  if download_pinned "$python" "$work" "$dictionary_pins" "the dictionaries" && unpack_dictionaries "$work" "$new"; then
    pinned_dictionaries >"$new/.welt-dictionaries"
    rm -rf "$deps/dictionaries"
    mv "$new" "$deps/dictionaries"
    say "dictionaries: installed"
  else
    say "dictionaries: they could not be fetched or unpacked, the error is above. Going on: words come from other dictionaries.
  Mend: check the network, then run this again."
  fi
  rm -rf "$new" "$work"
}

set_up_dictionaries() {
  if dictionaries_ready; then
    say "dictionaries: in $deps/dictionaries"
  elif [ -n "${WELT_NO_DICTIONARIES:-}" ]; then
    say "dictionaries: left out (WELT_NO_DICTIONARIES)"
  elif [ "$mode" = check ]; then
    say "dictionaries: not in $deps/dictionaries (or other versions); optional"
  else
    mkdir -p "$deps"
    exec 9>"$deps/.lock"
    if has_command flock; then flock 9; fi
    dictionaries_ready || install_dictionaries
    exec 9>&-
  fi
}
