# Part of setup.sh, which sources it after dictionaries.sh: the fonts that the renderer "freetype" draws signs of
# SignWriting with, in $deps/fonts.
#
#   SuttonSignWritingLine.ttf, SuttonSignWritingFill.ttf   the lines of symbols, and what is white inside them
#
# Without them the renderer writes a sign's symbols in a row, so a failure here is told but stops nothing.
sign_font_pins=$root/scripts/sign_fonts.txt
sign_fonts=(SuttonSignWritingLine.ttf SuttonSignWritingFill.ttf)

# The stamp is written before the folder gets its name, so a folder with the right stamp is whole.
sign_fonts_ready() {
  local folder=$deps/fonts
  [ "$(cat "$folder/.welt-fonts" 2>/dev/null)" = "$(sha256sum <"$sign_font_pins" | cut -d' ' -f1)" ] &&
    [ -s "$folder/${sign_fonts[0]}" ] && [ -s "$folder/${sign_fonts[1]}" ]
}

install_sign_fonts() {
  local python new=$deps/.fonts.new work=$deps/.fonts.tmp
  python=$(find_pip) || {
    say "fonts of SignWriting: no Python with pip 20.3 or later to fetch them with; signs are then drawn in a row"
    return 0
  }
  say "fonts of SignWriting to install in $deps/fonts (scripts/sign_fonts.txt; 7 MB to fetch, 10 MB in use)"
  rm -rf "$new" "$work"
  mkdir -p "$new" "$work"
  if download_pinned "$python" "$work" "$sign_font_pins" "the fonts of SignWriting" &&
    "$python" -m zipfile -e "$work"/signwriting-*.whl "$work/unpacked" &&
    cp "${sign_fonts[@]/#/$work/unpacked/signwriting/visualizer/}" "$new" &&
    sha256sum <"$sign_font_pins" | cut -d' ' -f1 >"$new/.welt-fonts"; then
    rm -rf "$deps/fonts"
    mv "$new" "$deps/fonts"
    say "fonts of SignWriting: installed"
  else
    say "fonts of SignWriting: they could not be fetched or unpacked, the error is above. Going on: signs are drawn in a row.
  Mend: check the network, then run this again."
  fi
  rm -rf "$new" "$work"
}

set_up_sign_fonts() {
  if sign_fonts_ready; then
    say "fonts of SignWriting: in $deps/fonts"
  elif [ "$mode" = check ]; then
    say "fonts of SignWriting: not in $deps/fonts (or another version); optional"
  else
    mkdir -p "$deps"
    exec 9>"$deps/.lock"
    if has_command flock; then flock 9; fi
    sign_fonts_ready || install_sign_fonts
    exec 9>&-
  fi
}
