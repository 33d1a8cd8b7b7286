#!/bin/sh
set -u
cd "$(dirname "$0")/../.." || exit 2
command -v cppcheck >/dev/null || { echo "cppcheck is not installed: skipped"; exit 0; }
mkdir -p build/cppcheck
exec cppcheck --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
	--cppcheck-build-dir=build/cppcheck -j "$(nproc)" --suppress=missingIncludeSystem --suppress=invalidFunctionArgBool \
	--suppress=zerodiv:src/derive/observe.c -D_GNU_SOURCE --library=tests/lint/jansson.cfg \
	-DVCTOP_VERSION='"0"' -DVCTOP_LIBEXEC='"/x"' -DVCTOP_DATADIR='"/x"' -Iinclude -Isrc src
