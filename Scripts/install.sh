#!/bin/sh
# Builds the tool for release and installs it with its man pages and the completions of shells.
#
#   install.sh PREFIX
#
# The tool needs no Swift where it runs. The Swift libraries are in it, and so are the C libraries of which the system has
# archives that fit into a program; the others are named at the end. What DESTDIR names comes before PREFIX, for packages.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/.." && pwd)
prefix=${DESTDIR:-}$1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/archives" "$work/man" "$work/pkgconfig"
for name in zstd lz4 deflate lzma bz2 pcre2-8 expat; do
  archive=$(cc -print-file-name="lib$name.a")
  [ ! -f "$archive" ] || ln -s "$archive" "$work/archives/"
done
# The linker takes the first library that it finds, so that no other directory may come before the archives.
for name in libzstd liblz4 libdeflate blosc liblzma libcurl expat libcrypto libpcre2-8; do
  file=$(pkg-config --variable=pcfiledir "$name")/$name.pc
  sed '/^Libs:/s/-L[^ ]*//g' "$file" >"$work/pkgconfig/$name.pc"
done

cd "$root"
# A folder of its own, since the other builds link in another way.
build() {
  swift build -c release --product zvlen --scratch-path .build-install --static-swift-stdlib \
    --pkg-config-path "$work/pkgconfig" -Xlinker "-L$work/archives" -Xlinker -s "$@"
}
build
tool=$(build --show-bin-path)/zvlen
python3 Scripts/man_pages.py "$tool" "$work/man"

install -d "$prefix/bin" "$prefix/share/man/man1" "$prefix/share/bash-completion/completions" \
  "$prefix/share/zsh/site-functions" "$prefix/share/fish/vendor_completions.d"
install -m 755 "$tool" "$prefix/bin/zvlen"
install -m 644 "$work"/man/*.1 "$prefix/share/man/man1/"
for shell in bash:bash-completion/completions/zvlen zsh:zsh/site-functions/_zvlen \
  fish:fish/vendor_completions.d/zvlen.fish; do
  "$tool" --generate-completion-script "${shell%%:*}" >"$work/completion"
  install -m 644 "$work/completion" "$prefix/share/${shell#*:}"
done
echo "Installed $prefix/bin/zvlen, which needs these libraries:"
readelf -d "$prefix/bin/zvlen" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/  \1/p'
