#!/usr/bin/env bash
# Timings of the release binary beside the peers, on the cases of ../shared/bench: for each its CPU
# seconds, objective and distance to the certified optimum.
#
#   fenchel/benches/peers.sh CASES [OPTIONS OF peers.py]     for example: peers.sh a1,c2 --ext-only
#
# CACHE is where the data are or will be written, PYTHON an interpreter with numpy, scipy and
# scikit-learn. Peers that are not installed there are reported as missing; `--ext-only` leaves all out.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
bench=../shared/bench
[ -f "$bench/peers.py" ] || { echo "there is no $bench: nothing to compare with"; exit 2; }
cases=$1
shift
python=${PYTHON:-python3}
cache=${CACHE:-${TMPDIR:-/tmp}/fenchel-bench}
[ -f "$cache/MANIFEST.json" ] || "$python" "$bench/gen.py" --cache "$cache"
cargo build --release --quiet -p fenchel
"$python" "$bench/peers.py" --cache "$cache" --cases "$cases" --out "$cache/results.jsonl" \
  --ext "fenchel=$python $bench/fenchel_case.py --bin target/release/fenchel --case {case} --tol {tol} --out {out}" "$@"
