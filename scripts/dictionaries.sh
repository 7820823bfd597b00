# Part of setup.sh, which sources it after pinned_data.sh: the dictionaries of the segmenter "words" in
# $deps/dictionaries.
#
#   jieba        dict.txt, hmm.txt (made by jieba_hmm.awk)   Chinese
#   unidic-lite  sys.dic, unk.dic, matrix.bin, char.bin, dicrc   Japanese, a MeCab dictionary
#   pythainlp    words_th.txt                                Thai
#
# Each folder holds VERSION too, and what the package says of its licence. Without the dictionaries the segmenter takes
# others; WELT_NO_DICTIONARIES leaves them out.
dictionary_pins=$root/scripts/dictionaries.txt

dictionaries_stamp() { stamp_of "$dictionary_pins" "$root/scripts/jieba_hmm.awk"; }

dictionaries_ready() {
  has_pinned dictionaries "$(dictionaries_stamp)" jieba/dict.txt jieba/hmm.txt unidic-lite/sys.dic \
    unidic-lite/matrix.bin pythainlp/words_th.txt
}

unpack_dictionaries() { # python from to
  local from=$2 to=$3 name
  mkdir -p "$from/unpacked" "$to"/{jieba,unidic-lite,pythainlp} || return 1
  for name in jieba unidic-lite; do
    tar -xzf "$from/$name"-*.tar.gz -C "$from/unpacked" --no-same-owner || return 1
  done
  "$1" -m zipfile -e "$from"/pythainlp-*.whl "$from/unpacked/pythainlp" || return 1
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
  local free
  free=$(df -Pk "$deps" | awk 'NR == 2 { print int($4 / 1048576) }')
  [ "$free" -ge 1 ] || {
    say "dictionaries: less than 1 GB free in $deps; left out"
    return 0
  }
  install_pinned dictionaries dictionaries "$(dictionaries_stamp)" "$dictionary_pins" \
    "(scripts/dictionaries.txt; 88 MB to fetch, 270 MB in use):
  jieba 0.42.1         Chinese words and a model of unknown ones
  unidic-lite 1.0.8    Japanese words, a MeCab dictionary
  pythainlp 5.4.0      Thai words" "words come from other dictionaries" unpack_dictionaries
}

set_up_dictionaries() {
  set_up_pinned dictionaries dictionaries dictionaries_ready install_dictionaries WELT_NO_DICTIONARIES
}
