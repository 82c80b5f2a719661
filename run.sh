#!/usr/bin/env bash
# Sets everything up on the first start, then runs `sft`. Without arguments it starts the server:
#   ./run.sh                                   the server, on its defaults
#   ./run.sh serve --port 5555 --data-dir D    the server, otherwise
#   ./run.sh put report.pdf /                  any other command of sft
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$root/scripts/setup.sh"
setup "$root"
build_web "$root"
# A checkout keeps its data to itself, unless told otherwise.
export SFT_DATA_DIR="${SFT_DATA_DIR:-$root/data}"
[ $# -gt 0 ] || set -- serve
exec "$root/.venv/bin/sft" "$@"
