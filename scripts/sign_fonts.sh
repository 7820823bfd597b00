# Part of setup.sh, which sources it after pinned_data.sh: the fonts that the renderer "freetype" draws signs of
# SignWriting with, in $deps/fonts.
#
#   SuttonSignWritingLine.ttf, SuttonSignWritingFill.ttf   the lines of symbols, and what is white inside them
#
# Without them the renderer writes a sign's symbols in a row.
sign_font_pins=$root/scripts/sign_fonts.txt
sign_fonts=(SuttonSignWritingLine.ttf SuttonSignWritingFill.ttf)

sign_fonts_ready() { has_pinned fonts "$(stamp_of "$sign_font_pins")" "${sign_fonts[@]}"; }

unpack_sign_fonts() { # python from to
  "$1" -m zipfile -e "$2"/signwriting-*.whl "$2/unpacked" &&
    cp "${sign_fonts[@]/#/$2/unpacked/signwriting/visualizer/}" "$3"
}

install_sign_fonts() {
  install_pinned "fonts of SignWriting" fonts "$(stamp_of "$sign_font_pins")" "$sign_font_pins" \
    "(scripts/sign_fonts.txt; 7 MB to fetch, 10 MB in use)" "signs are drawn in a row" unpack_sign_fonts
}

set_up_sign_fonts() { set_up_pinned "fonts of SignWriting" fonts sign_fonts_ready install_sign_fonts; }
