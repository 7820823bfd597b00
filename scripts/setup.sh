#!/usr/bin/env bash
# Sets up what the build needs: system packages (Debian 12: installed; elsewhere: listed), LibTorch in .deps/python, the
# dictionaries that cut Chinese, Japanese and Thai text into words in .deps/dictionaries, fonts of SignWriting in .deps/fonts,
# the static embedding of `welt text` in .deps/wordllama; on request a trained checkpoint for a test, in .deps/minilm.
# Looks first and installs only what is missing, so a second run changes nothing. Called by the Makefile; see --help.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/setup.sh [--minilm | --check | --list]
  (no option)  install what is missing
  --minilm     the same, and the trained checkpoint that one test wants (84 MB to fetch)
  --check      install nothing; exit 1 if something is missing
  --list       print every package with what it is for

environment
  WELT_LIBTORCH  a LibTorch folder of your own (include/ and lib/): nothing is downloaded
  Torch_DIR      the same, as CMake has it (…/share/cmake/Torch)
  WELT_DEPS_DIR  where LibTorch, dictionaries and fonts are kept (default: .deps), to share them between clones
  WELT_PYTHON    the Python whose pip downloads them (default: python3)
  WELT_NO_DICTIONARIES  set to leave the dictionaries (88 MB to fetch) out
  WELT_NO_WORDLLAMA     set to leave the static embedding of `welt text` (19 MB to fetch) out
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
requirements=$root/scripts/libtorch.txt
deps=${WELT_DEPS_DIR:-$root/.deps}
tries=3

# Debian package | what is looked for | what it is for
packages='
g++                 | a C++20 compiler               | compiles everything
make                | the command make               | runs the targets of the Makefile
cmake               | the command cmake, 3.25 or up  | configures the build
ninja-build         | the command ninja              | runs the build
ccache              | the command ccache             | makes repeated builds fast
mold                | the command mold               | links in seconds
libfmt-dev          | header fmt/core.h              | text formatting
libspdlog-dev       | header spdlog/spdlog.h         | logs
nlohmann-json3-dev  | header nlohmann/json.hpp       | JSON: config.json, safetensors headers, --json
libtomlplusplus-dev | header toml++/toml.h           | recipes
libcli11-dev        | header CLI/CLI.hpp             | the command line
zlib1g-dev          | header zlib.h                  | reads gzip-compressed text
liblzma-dev         | header lzma.h                  | reads xz-compressed text
libzstd-dev         | header zstd.h                  | reads zstd-compressed text
libsnappy-dev       | header snappy-c.h              | reads Parquet files
libbrotli-dev       | header brotli/decode.h         | reads Parquet files compressed with brotli
liblz4-dev          | header lz4.h                   | reads Parquet files compressed with lz4
libcurl4-openssl-dev | header curl/curl.h            | downloads models and data sets: welt hub
libdeflate-dev      | header libdeflate.h            | writes gzip-compressed shards: welt data prepare
libboost1.81-dev    | header boost/dll/shared_library.hpp, Boost 1.74 or up | opens plugins (Boost.DLL, headers only)
libharfbuzz-dev     | header harfbuzz/hb.h           | shapes text: the renderer of words
libfreetype-dev     | header freetype2/ft2build.h    | draws glyphs: the renderer of words
libicu-dev          | header unicode/ubidi.h         | scripts, directions, word breaks, normal forms: renderer and segmenters
libpng-dev          | header png.h                   | pictures of words: welt render
fonts-noto-core     | font NotoSans-Regular.ttf      | the fonts that words are drawn with
fonts-noto-cjk      | font NotoSansCJK-Regular.ttc   | fonts of Chinese, Japanese and Korean words
unifont             | font unifont.hex               | glyphs of the smallest renderer (bitmap)
fonts-noto-color-emoji | font NotoColorEmoji.ttf    | pictures of emoji
libgtest-dev        | header gtest/gtest.h           | the tests
clang               | the command clang              | the tests: ABI headers with a second compiler
'
# Where the renderers look for fonts (settings.cpp and settings.c in plugins/renderers/*).
font_folders=(/usr/share/unifont /usr/share/fonts/{truetype/noto,opentype/noto,noto,noto-cjk,google-noto,google-noto-cjk}
  /usr/local/share/fonts "${HOME:-/nowhere}/.local/share/fonts")

# A build works without these, only slower, or without downloads; and the tests, but for those that want a second
# compiler or a download.
optional=' ccache mold clang libcurl4-openssl-dev libsnappy-dev libbrotli-dev liblz4-dev '

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# Prints column $2 (1 package, 2 probe, 3 purpose) of every package, or only of package $3.
column() { awk -F' *[|] *' -v c="$1" -v p="${2:-}" 'NF == 3 { sub(/ +$/, "", $1); if (p == "" || $1 == p) print $c }' <<<"$packages"; }

print_table() { # packages…
  local name
  for name in "$@"; do printf '  %-20s %s\n' "$name" "$(column 3 "$name")"; done
}

has_command() { command -v "$1" >/dev/null 2>&1; }

at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

# One run of the preprocessor tells which headers are missing: it knows the compiler's own search paths.
missing_headers() {
  local name probe header
  {
    while read -r name; do
      probe=$(column 2 "$name")
      case $probe in header*) ;; *) continue ;; esac
      header=${probe#header }
      header=${header%%,*}
      printf '#if !__has_include(<%s>)\nwelt_missing %s\n' "$header" "$name"
      [ "$name" = libboost1.81-dev ] && printf '#else\n#include <boost/version.hpp>\n#if BOOST_VERSION < 107400\nwelt_missing %s\n#endif\n' "$name"
      printf '#endif\n'
    done < <(column 1)
  } | "${CXX:-c++}" -std=c++20 -E -P -x c++ - 2>/dev/null | sed -n 's/^welt_missing //p'
}

missing_fonts() {
  local name probe folder found
  while read -r name; do
    probe=$(column 2 "$name")
    case $probe in font*) ;; *) continue ;; esac
    found=no
    for folder in "${font_folders[@]}"; do
      if [ -s "$folder/${probe#font }" ]; then found=yes; fi
    done
    [ $found = yes ] || echo "$name"
  done < <(column 1)
}

has_compiler() {
  has_command "${CXX:-c++}" &&
    printf '#include <concepts>\n#include <span>\nstatic_assert(__cplusplus > 201703L);\n' |
    "${CXX:-c++}" -std=c++20 -fsyntax-only -x c++ - >/dev/null 2>&1
}

missing_packages() {
  local compiler=yes
  has_compiler || compiler=no
  [ $compiler = yes ] || echo g++
  has_command make || echo make
  { has_command cmake && at_least "$(cmake --version | awk 'NR == 1 { print $3 }')" 3.25; } || echo cmake
  has_command ninja || echo ninja-build
  has_command ccache || echo ccache
  has_command mold || echo mold
  has_command clang || echo clang
  missing_fonts
  if [ $compiler = yes ]; then
    missing_headers
  else
    # Nothing to look with: ask the package manager where there is one, otherwise name them all.
    while read -r name; do
      case $(column 2 "$name") in header*) ;; *) continue ;; esac
      dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || echo "$name"
    done < <(column 1)
  fi
}

is_debian_12() { [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ]); }

# Fills the array `elevate` with what puts a command in root's hands; false where nothing does.
elevate=()
find_root() {
  if [ "$(id -u)" = 0 ]; then
    elevate=(env)
  elif has_command sudo && sudo -n true 2>/dev/null; then
    elevate=(sudo -n env)
  elif has_command sudo && [ -t 0 ]; then
    elevate=(sudo env)
  else
    return 1
  fi
}

apt() {
  "${elevate[@]}" DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 \
    -o APT::Install-Recommends=false "$@" </dev/null
}

known_to_apt() { # packages…: all have a candidate in the lists that are here
  local name
  for name in "$@"; do
    apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [^(]' || return 1
  done
}

install_packages() { # packages…
  local try
  known_to_apt "$@" || apt update || say "apt-get update failed; trying with the lists that are here"
  for try in $(seq "$tries"); do
    # --no-remove: another Boost (or anything else of the user's) is never taken away for ours.
    if apt install -y --no-remove "$@"; then return 0; fi
    [ "$try" = "$tries" ] && return 1
    say "apt-get failed (try $try of $tries); trying again with fresh lists"
    sleep $((try * 5))
    "${elevate[@]}" DEBIAN_FRONTEND=noninteractive dpkg --configure -a </dev/null || true
    apt update || true
  done
}

set_up_packages() {
  local missing needed=() name
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} = 0 ]; then
    say "system packages: all there"
    return 0
  fi
  if [ "$mode" = install ] && is_debian_12 && find_root; then
    say "system packages to install:"
    print_table "${missing[@]}"
    install_packages "${missing[@]}" || fail "apt-get could not install: ${missing[*]}.
  Found: the error above, $tries times. Mend: check the network and /etc/apt, or install them by hand, then run this again."
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} = 0 ] || fail "installed, but still not found: ${missing[*]} (looked for: $(column 2 "${missing[0]}")).
  Mend: another compiler or tool may come first in PATH or CXX; run scripts/setup.sh --check there."
    say "system packages: installed"
    return 0
  fi
  say "missing here (named as in Debian 12):"
  for name in "${missing[@]}"; do
    case $optional in
      *" $name "*) printf '  %-20s %s; optional (looked for %s)\n' "$name" "$(column 3 "$name")" "$(column 2 "$name")" ;;
      *)
        needed+=("$name")
        printf '  %-20s %s (looked for %s)\n' "$name" "$(column 3 "$name")" "$(column 2 "$name")"
        ;;
    esac
  done
  if [ ${#needed[@]} != 0 ]; then something_missing=yes; fi
  [ "$mode" = install ] || return 0
  if is_debian_12; then
    say "neither root nor sudo: have them installed with   apt-get install ${missing[*]}"
  else
    say "this is not Debian 12: install them your system's way. Going on with what is here"
  fi
}

# A folder of LibTorch that the user names wins over ours.
own_libtorch() {
  if [ -n "${WELT_LIBTORCH:-}" ]; then
    echo "$WELT_LIBTORCH"
  elif [ -n "${Torch_DIR:-}" ]; then
    echo "$Torch_DIR/../../.."
  fi
}

is_libtorch() { [ -s "$1/lib/libtorch_cpu.so" ] && [ -s "$1/lib/libc10.so" ] && [ -s "$1/include/ATen/core/Tensor.h" ]; }

pinned() { sha256sum <"$requirements" | cut -d' ' -f1; }

# The stamp is written before the folder gets its name, so a folder with the right stamp is whole.
libtorch_ready() {
  [ "$(cat "$deps/python/.welt-libtorch" 2>/dev/null)" = "$(pinned)" ] && is_libtorch "$deps/python/torch" &&
    [ -n "$(compgen -G "$deps/python/nvidia/cu13/lib/libcudart.so*")" ]
}

# Prints a Python whose pip knows manylinux_2_28 (20.3 and later).
find_pip() {
  local python version
  for python in "${WELT_PYTHON:-python3}" /usr/bin/python3; do
    version=$("$python" -m pip --version 2>/dev/null | awk '{ print $2 }') || continue
    if [ -n "$version" ] && at_least "$version" 20.3; then
      echo "$python"
      return 0
    fi
  done
  return 1
}

download_libtorch() { # python
  local try
  for try in $(seq "$tries"); do
    rm -rf "$deps/.python.new" "$deps/.tmp"
    mkdir -p "$deps/.python.new" "$deps/.tmp"
    # TMPDIR: pip unpacks beside the target, so nothing is copied between disks and a small /tmp is no matter.
    # The settings undo what a user's pip.conf may say that --target does not go with.
    if env -u PIP_PREFIX -u PIP_ROOT -u PIP_TARGET -u PIP_NO_BINARY PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 \
      PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 TMPDIR="$deps/.tmp" \
      "$1" -m pip install --target "$deps/.python.new" --requirement "$requirements" --require-hashes --no-deps \
      --no-compile --only-binary=:all: --ignore-requires-python --implementation cp --python-version 3.11 \
      --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
      --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
      --retries 5 --timeout "${PIP_DEFAULT_TIMEOUT:-60}" </dev/null; then
      return 0
    fi
    [ "$try" = "$tries" ] && return 1
    say "the download of LibTorch failed (try $try of $tries); trying again"
    sleep $((try * 5))
  done
}

install_libtorch() {
  local python free unresolved
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "LibTorch: no pinned build for $(uname -s) on $(uname -m).
  Mend: set WELT_LIBTORCH to a LibTorch 2.8 or later of your own (a folder with include/ and lib/)."
  if ! python=$(find_pip); then
    if is_debian_12 && find_root; then
      say "python3-pip: downloads LibTorch, and is missing"
      install_packages python3 python3-pip || fail "apt-get could not install python3-pip. Mend: see the error above."
    fi
    python=$(find_pip) || fail "LibTorch: it is downloaded with pip, and no Python with pip 20.3 or later was found.
  Tried: ${WELT_PYTHON:-python3}, /usr/bin/python3. Mend: install python3-pip, name a Python in WELT_PYTHON, or set WELT_LIBTORCH."
  fi
  free=$(df -Pk "$deps" | awk 'NR == 2 { print int($4 / 1048576) }')
  [ "$free" -ge 3 ] || fail "LibTorch: $deps has $free GB free, 3 are needed (1.3 stay in use).
  Mend: free some space, or set WELT_DEPS_DIR to a folder on another disk."
  say "LibTorch to install in $deps/python (scripts/libtorch.txt; 555 MB to fetch):"
  cat <<'TEXT'
  torch 2.15.0         tensors, autograd, operators: LibTorch's libraries and headers
  nvidia-cuda-runtime  libcudart, which libtorch_cpu.so names as needed (no GPU is)
  nvidia-cuda-cupti    libcupti, the same
TEXT
  download_libtorch "$python" || fail "LibTorch: pip failed $tries times, the last error is above.
  Mend: check the network, then run this again; or set WELT_LIBTORCH to a LibTorch of your own."
  is_libtorch "$deps/.python.new/torch" || fail "LibTorch: the wheel lacks lib/libtorch_cpu.so or its headers. Mend: check scripts/libtorch.txt."
  unresolved=$(ldd "$deps/.python.new/torch/lib/libtorch_cpu.so" | grep 'not found' || true)
  [ -z "$unresolved" ] || fail "LibTorch: libraries it needs are not found:
$unresolved
  Mend: glibc 2.28 and libstdc++ of GCC 12 or later are needed."
  pinned >"$deps/.python.new/.welt-libtorch"
  rm -rf "$deps/.python.old"
  if [ -e "$deps/python" ]; then mv "$deps/python" "$deps/.python.old"; fi
  mv "$deps/.python.new" "$deps/python"
  rm -rf "$deps/.python.old" "$deps/.tmp"
  say "LibTorch: installed"
}

set_up_libtorch() {
  local own
  own=$(own_libtorch)
  if [ -n "$own" ]; then
    is_libtorch "$own" || fail "LibTorch: WELT_LIBTORCH or Torch_DIR names $own, which lacks lib/libtorch_cpu.so or include/ATen.
  Mend: name a LibTorch folder (with include/ and lib/), or unset it and let this script fetch one."
    say "LibTorch: yours in $own"
  elif libtorch_ready; then
    say "LibTorch: in $deps/python"
  elif [ "$mode" = check ]; then
    something_missing=yes
    say "LibTorch: not in $deps/python (or another version)"
  else
    mkdir -p "$deps"
    # Two set-ups at once: the second waits, then finds the work done.
    exec 9>"$deps/.lock"
    if has_command flock; then flock 9; fi
    libtorch_ready || install_libtorch
    exec 9>&-
  fi
}

# shellcheck source=scripts/pinned_data.sh
. "$root/scripts/pinned_data.sh"
# shellcheck source=scripts/dictionaries.sh
. "$root/scripts/dictionaries.sh"
# shellcheck source=scripts/sign_fonts.sh
. "$root/scripts/sign_fonts.sh"
# shellcheck source=scripts/minilm.sh
. "$root/scripts/minilm.sh"
# shellcheck source=scripts/wordllama.sh
. "$root/scripts/wordllama.sh"

mode=install
minilm=no
something_missing=no
case ${1:-} in
  '') ;;
  --minilm) minilm=yes ;;
  --check) mode=check ;;
  --list)
    mapfile -t names < <(column 1)
    print_table "${names[@]}"
    exit 0
    ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

set_up_packages
set_up_libtorch
set_up_dictionaries
set_up_sign_fonts
set_up_wordllama
set_up_minilm
if [ "$mode" = check ] && [ "$something_missing" = yes ]; then exit 1; fi
