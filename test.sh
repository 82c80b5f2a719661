#!/usr/bin/env bash
# Installs what the tests need and runs every check. Arguments go to pytest: ./test.sh -k vault
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root"
. scripts/setup.sh

# Programs that nobody here wrote, which the tests use as peers: command=Debian package.
peers=(curl=curl openssl=openssl unzip=unzip nginx=nginx-light sshd=openssh-server sftp=openssh-client zsh=zsh fish=fish
  lftp=lftp ncftpls=ncftp vsftpd=vsftpd chromium=chromium
  chromium-headless-shell=chromium-headless-shell)
missing=()
for peer in "${peers[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${peer%%=*}" >/dev/null 2>&1 || missing+=("${peer#*=}")
done
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "Installing for the tests: ${missing[*]}"
    apt-get -qq update >&2
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y "${missing[@]}" >&2 </dev/null
  else
    die "The tests need: ${missing[*]}. On Debian: apt install ${missing[*]}"
  fi
fi
export PATH="$PATH:/usr/sbin:/sbin"

setup "$root" dev
bin=$root/.venv/bin
export PATH="$bin:$PATH" # Node and npm come with the tests' environment

"$bin/python" scripts/web.py --tools
"$bin/python" scripts/web.py
# A client from npm, pinned with hashes. `ci` takes exactly what the lock file says.
node_lock=tests/interop/tus-js/package-lock.json
if ! cmp -s "$node_lock" .cache/node/installed.json; then
  say "Installing tus-js-client for the tests"
  mkdir -p .cache/node
  cp tests/interop/tus-js/package.json "$node_lock" .cache/node/
  npm ci --prefix .cache/node --ignore-scripts --no-audit --no-fund --silent >&2 </dev/null
  cp "$node_lock" .cache/node/installed.json
fi

step() { say "== $1"; shift; "$@"; }
step "formatting" "$bin/ruff" format --check --quiet .
step "lint" "$bin/ruff" check --quiet .
step "types" "$bin/mypy"
step "house rules" "$bin/lint-imports" --no-cache
(cd web && step "web app: types" node node_modules/svelte-check/bin/svelte-check --fail-on-warnings --output human >&2 &&
  step "web app: logic" node node_modules/vitest/vitest.mjs run --silent)
step "tests" "$bin/pytest" -q -n 2 --dist worksteal "$@"
