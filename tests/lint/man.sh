#!/bin/sh
set -u
cd "$(dirname "$0")/../.." || exit 2
[ -e build/vctop.1 ] || exit 0
command -v mandoc >/dev/null || { echo "mandoc is not installed: skipped"; exit 0; }
exec mandoc -T lint -W warning build/vctop.1
