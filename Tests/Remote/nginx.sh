#!/bin/sh
# Serves the files of a directory with nginx on loopback, until the standard input ends: nginx.sh DIRECTORY. Prints the
# port. Installs nginx if it is missing.
set -eu
directory=$1
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)

say() {
  echo "nginx: $*" >&2
}

# shellcheck source=Scripts/python.sh
. "$root/Scripts/python.sh"

PATH=$PATH:/usr/sbin
command -v nginx >/dev/null 2>&1 || install_packages nginx-light

scratch=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
user=
[ "$(id -u)" -ne 0 ] || user="user $(id -un);"
cat >"$scratch/nginx.conf" <<END
daemon off;
$user
pid $scratch/pid;
error_log stderr crit;
events {}
http {
  access_log off;
  client_body_temp_path $scratch/body;
  proxy_temp_path $scratch/proxy;
  fastcgi_temp_path $scratch/fastcgi;
  uwsgi_temp_path $scratch/uwsgi;
  scgi_temp_path $scratch/scgi;
  server {
    listen 127.0.0.1:$port;
    root $directory;
  }
}
END
nginx -p "$scratch" -c "$scratch/nginx.conf" 2>"$scratch/errors" </dev/null &
server=$!
end() {
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -rf "$scratch"
}
trap end EXIT
trap 'exit 1' INT TERM
python3 - "$port" <<'END'
import socket, sys, time
for _ in range(500):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        break
    except OSError:
        time.sleep(0.02)
else:
    sys.exit("nginx does not answer")
END
echo "$port"
cat >/dev/null
