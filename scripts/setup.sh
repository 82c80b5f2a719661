# Sourced by run.sh and test.sh: makes the checkout's own environment in .venv, from the lock file and nothing else.
# Nothing outside of the checkout is touched. What is set up already is not set up again.

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# A Python 3.11 or newer.
find_python() {
  local candidate
  for candidate in ${SFT_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  die "Python 3.11 or newer is needed. On Debian: apt install python3"
}

# Debian splits the part of Python that brings pip into a package of its own. Without it, and without the right to
# install it, the same pip can be unpacked from Debian's archive into a private folder.
private_pip() {
  local folder=$1
  command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || return 1
  mkdir -p "$folder/lists/partial" "$folder/archives/partial"
  local apt=(apt-get -qq -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder" -o Debug::NoLocking=1
    -o APT::Sandbox::User=)
  (cd "$folder" && "${apt[@]}" update && "${apt[@]}" download python3-pip-whl) >&2 || return 1
  dpkg-deb -x "$folder"/python3-pip-whl_*.deb "$folder/unpacked"
  ls "$folder"/unpacked/usr/share/python-wheels/pip-*.whl
}

# install_uv PYTHON FOLDER: the installer, pinned, in a small environment of its own.
install_uv() {
  local python=$1 folder=$2 wheel
  rm -rf "$folder"
  if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
    "$python" -m venv "$folder" && "$folder/bin/python" -m pip install -qq "$UV_REQUIREMENT"
    return
  fi
  "$python" -m venv --without-pip "$folder"
  if "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m pip --python "$folder/bin/python" install -qq "$UV_REQUIREMENT"
  elif wheel=$(private_pip "$folder/debian"); then
    "$folder/bin/python" "$wheel/pip" install -qq "$UV_REQUIREMENT"
  else
    die "This Python comes without pip. On Debian: apt install python3-venv, then run this again."
  fi
}

UV_REQUIREMENT="uv==0.13.8"

# setup ROOT [GROUP]: GROUP `dev` adds what the tests need.
setup() {
  local root=$1 group=${2:-} stamp python wanted uv_args=(--no-dev --group web)
  stamp=$root/.venv/.set-up
  wanted="$(cat "$root/uv.lock" "$root/pyproject.toml" "$root/scripts/setup.sh" | cksum)"
  # The tests' environment can also run the server, so it counts as set up for both.
  if [ -f "$stamp" ] && { [ "$(cat "$stamp")" = "$wanted dev" ] || [ "$(cat "$stamp")" = "$wanted $group" ]; }; then
    return
  fi
  mkdir -p "$root/.cache"
  if command -v flock >/dev/null 2>&1; then # two first starts at once: the second waits and finds all done
    exec 9>"$root/.cache/setup.lock"
    flock 9
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted $group" ]; then return; fi
  fi
  say "Setting up in $root/.venv (once; takes a few seconds) ..."
  python=$(find_python)
  if ! "$root/.cache/uv/bin/uv" --version 2>/dev/null | grep -q "^uv ${UV_REQUIREMENT#*==}\b"; then
    install_uv "$python" "$root/.cache/uv"
  fi
  [ "$group" = dev ] && uv_args=()
  uv_args+=(--extra discovery) # a checkout has all that `sft` offers
  UV_PROJECT_ENVIRONMENT="$root/.venv" UV_PYTHON="$python" UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1 SFT_EDITABLE=1 \
    "$root/.cache/uv/bin/uv" sync --quiet --frozen --compile-bytecode --project "$root" ${uv_args[@]+"${uv_args[@]}"} ||
    die "The set-up did not finish. Is the package index reachable? Run this again to continue."
  printf '%s' "$wanted $group" >"$stamp"
  if command -v flock >/dev/null 2>&1; then exec 9>&-; fi
}

# build_web ROOT: the web app, if it has changed. Without it the server works, with plain pages.
build_web() {
  local root=$1
  "$root/.venv/bin/python" "$root/scripts/web.py" ||
    say "The web app was not built, for the reason above; the server goes on without it. Run this again to try again."
}
