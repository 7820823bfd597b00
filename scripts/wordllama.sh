# Part of setup.sh, which sources it after pinned_data.sh: the weights and the tokenizer of WordLlama in
# $deps/wordllama, where `welt text` finds them. Without them it wants --model. WELT_NO_WORDLLAMA leaves them out.
wordllama_pins=$root/scripts/wordllama.txt

wordllama_ready() {
  has_pinned wordllama "$(stamp_of "$wordllama_pins")" l2_supercat_256.safetensors l2_supercat_tokenizer_config.json
}

unpack_wordllama() { # python from to
  "$1" -m zipfile -e "$2"/wordllama-*.whl "$2/unpacked" &&
    cp "$2"/unpacked/wordllama/weights/l2_supercat_256.safetensors \
      "$2"/unpacked/wordllama/tokenizers/l2_supercat_tokenizer_config.json \
      "$2"/unpacked/wordllama-*.dist-info/licenses/LICENSE "$3"
}

install_wordllama() {
  install_pinned WordLlama wordllama "$(stamp_of "$wordllama_pins")" "$wordllama_pins" \
    "(scripts/wordllama.txt; 19 MB to fetch, 18 MB in use)" "\`welt text\` wants --model" unpack_wordllama \
    --only-binary=:all: --implementation cp --python-version 3.11 --platform manylinux_2_17_x86_64 \
    --platform manylinux2014_x86_64
}

set_up_wordllama() { set_up_pinned WordLlama wordllama wordllama_ready install_wordllama WELT_NO_WORDLLAMA; }
