#!/bin/sh
# Builds pcre2.wasm from Debian's source package and checks it against the committed checksum.
#   build.sh [--update]      --update writes the checksum instead of checking it
# Needs Debian 12 with: curl patch clang lld wasi-libc libclang-rt-14-dev-wasm32
set -eu

# 10.42-1+deb12u1 has the security fixes of 10.48; deb12u2 changes only the JIT compiler, which is not built here.
pool=http://deb.debian.org/debian-security/pool/updates/main/p/pcre2
upstream=10.42
revision=1+deb12u1
tarball_sha256=c33b418e3b936ee3153de2c61cc638e7e4fe3156022a5c77d0711bcbb9d64f1f
diff_sha256=4e1e2103da0d905d30c69c8fea259d654ac7282b90236071281901f28e7dd719

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

curl -fsS -o source.tar.gz "$pool/pcre2_$upstream.orig.tar.gz"
curl -fsS -o debian.diff.gz "$pool/pcre2_$upstream-$revision.diff.gz"
printf '%s  %s\n' "$tarball_sha256" source.tar.gz "$diff_sha256" debian.diff.gz | sha256sum --check --quiet
tar xf source.tar.gz
cd "pcre2-$upstream"
gzip -dc ../debian.diff.gz | patch --quiet --strip=1
cd src
cp pcre2.h.generic pcre2.h
cp config.h.generic config.h
cp pcre2_chartables.c.dist pcre2_chartables.c

sources='auto_possess chartables compile config context error extuni find_bracket match_data newline ord2utf
  pattern_info script_run string_utils study tables ucd valid_utf xclass'
files=
for name in $sources; do files="$files pcre2_$name.c"; done

flags='--target=wasm32-wasi --sysroot=/usr -O3 -flto -mbulk-memory -DNDEBUG -I.
  -DHAVE_CONFIG_H -DPCRE2_CODE_UNIT_WIDTH=8 -DSUPPORT_PCRE2_8 -DSUPPORT_UNICODE -DPCRE2_STATIC -DHAVE_MEMMOVE'
# A stack that overflows hits address 0 and traps instead of overwriting data (--stack-first).
link='-mexec-model=reactor -Wl,--max-memory=67108864 -Wl,-z,stack-size=262144 -Wl,--stack-first -Wl,--strip-all -Wl,--gc-sections'
# The matcher counts its work: see glue.c.
# shellcheck disable=SC2086
clang $flags "-fdebug-prefix-map=$work=." -fsanitize-coverage=bb,trace-pc -Dmemcmp=counted_memcmp -c pcre2_match.c
# shellcheck disable=SC2086
clang $flags "-fdebug-prefix-map=$work=." $link -o pcre2.wasm "$here/glue.c" $files pcre2_match.o

cp pcre2.wasm "$here/pcre2.wasm"
cd "$here"
if [ "${1-}" = --update ]; then sha256sum pcre2.wasm > SHA256SUMS; else sha256sum --check SHA256SUMS; fi
