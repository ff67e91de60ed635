#!/bin/sh
# Installs missing C libraries that the package links. For Debian and Ubuntu.
set -eu

packages="libzstd-dev liblz4-dev libdeflate-dev libblosc-dev libbz2-dev liblzma-dev \
  libcurl4-openssl-dev libexpat1-dev libssl-dev libpcre2-dev pkg-config"

if ! command -v swift >/dev/null 2>&1; then
  echo "install-dependencies: there is no swift on PATH; install a Swift 6.3 toolchain first" >&2
  exit 1
fi

missing=""
for package in $packages; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "install-dependencies: there is no apt-get here; install these by hand:$missing" >&2
  exit 1
fi
run=""
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "install-dependencies: run 'apt-get install$missing' as root" >&2
    exit 1
  fi
  run=sudo
fi
echo "Installing$missing"
$run apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq $missing >/dev/null
