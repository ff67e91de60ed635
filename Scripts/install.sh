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
mkdir "$work/archives" "$work/man"
for name in zstd lz4 deflate lzma pcre2-8 expat; do
  directory=$(pkg-config --variable=libdir "lib$name" 2>/dev/null || pkg-config --variable=libdir "$name" 2>/dev/null ||
    echo "/usr/lib/$(uname -m)-linux-gnu")
  [ ! -f "$directory/lib$name.a" ] || ln -s "$directory/lib$name.a" "$work/archives/"
done

cd "$root"
# A folder of its own, since the other builds link in another way.
build() {
  swift build -c release --product zvlen --scratch-path .build-install --static-swift-stdlib \
    -Xlinker "-L$work/archives" -Xlinker -s "$@"
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
