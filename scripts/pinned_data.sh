# Part of setup.sh, which sources it before those that use it: data out of packages that a file of scripts/ pins by
# hash, in a folder of $deps that appears when it is whole. Such data is optional: a failure is told, but stops nothing.

# What the stamp of a folder says: the hash of the files that it is made by.
stamp_of() { cat "$@" | sha256sum | cut -d' ' -f1; }

# The stamp is written before the folder gets its name, so a folder with the right stamp is whole.
has_pinned() { # folder stamp files…
  local name=$1 stamp=$2 file
  shift 2
  [ "$(cat "$deps/$name/.welt-$name" 2>/dev/null)" = "$stamp" ] || return 1
  for file in "$@"; do [ -s "$deps/$name/$file" ] || return 1; done
}

# Downloads the packages that the file `pins` names, and checks their hashes. `what` is for the message.
download_pinned() { # python folder pins what options-of-pip…
  local try
  for try in 1 2; do
    # pip asks a source package for its name, in a Python of its own; it installs nothing.
    if env -u PIP_PREFIX -u PIP_ROOT -u PIP_TARGET -u PIP_NO_BINARY -u PIP_ONLY_BINARY PIP_REQUIRE_VIRTUALENV=0 \
      PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 TMPDIR="$2" \
      "$1" -m pip download --quiet --dest "$2" --requirement "$3" --require-hashes --no-deps "${@:5}" \
      --ignore-requires-python --retries 3 --timeout "${PIP_DEFAULT_TIMEOUT:-60}" </dev/null; then
      return 0
    fi
    [ "$try" = 2 ] && return 1
    say "the download of $4 failed; trying again"
    sleep 5
  done
}

# `about`: pins and sizes, for the message; `without`: what is done without the data; `unpack` is called with Python,
# the folder of the packages and the new folder, and takes the data from one into the other.
install_pinned() { # what folder stamp pins about without unpack options-of-pip…
  local what=$1 name=$2 stamp=$3 pins=$4 about=$5 without=$6 unpack=$7 python
  local new=$deps/.$name.new work=$deps/.$name.tmp
  shift 7
  python=$(find_pip) || {
    say "$what: no Python with pip 20.3 or later, which fetches this; $without"
    return 0
  }
  say "$what to install in $deps/$name $about"
  rm -rf "$new" "$work"
  mkdir -p "$new" "$work"
  if download_pinned "$python" "$work" "$pins" "$what" "$@" && "$unpack" "$python" "$work" "$new" &&
    echo "$stamp" >"$new/.welt-$name"; then
    rm -rf "${deps:?}/$name"
    mv "$new" "$deps/$name"
    say "$what: installed"
  else
    say "$what: could not be fetched or unpacked, the error is above. Going on: $without.
  Mend: check the network, then run this again."
  fi
  rm -rf "$new" "$work"
}

# `ready` and `install` are functions, `variable` the one that leaves it out where it is set.
set_up_pinned() { # what folder ready install [variable]
  local variable=${5:-}
  if "$3"; then
    say "$1: in $deps/$2"
  elif [ -n "$variable" ] && [ -n "${!variable:-}" ]; then
    say "$1: left out ($variable)"
  elif [ "$mode" = check ]; then
    say "$1: not in $deps/$2 (or another version); optional"
  else
    mkdir -p "$deps"
    # Two set-ups at once: the second waits, then finds the work done.
    exec 9>"$deps/.lock"
    if has_command flock; then flock 9; fi
    "$3" || "$4"
    exec 9>&-
  fi
}
