"""Serves the files of a directory on loopback as web servers do, until the standard input ends.

    serve.py DIRECTORY [--without-ranges] [--without-tags]

Prints the port. Ranges, suffixes, entity tags and If-Match are answered as RFC 9110 says; without them, requests for a part
get the whole.
"""

import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

directory = os.path.abspath(sys.argv[1])
has_ranges = "--without-ranges" not in sys.argv
has_tags = "--without-tags" not in sys.argv


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = directory + unquote(urlsplit(self.path).path)
        if not os.path.isfile(path):
            return self.answer(404, b"no such file")
        with open(path, "rb") as file:
            data = file.read()
        tag = f'"{os.stat(path).st_mtime_ns:x}-{len(data):x}"'
        fields = {"ETag": tag} if has_tags else {}
        if has_tags and self.headers.get("If-Match") not in (None, "*", tag):
            return self.answer(412, b"another version")
        part = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", "")) if has_ranges else None
        if not part:
            return self.answer(200, data, fields)
        first, last = part.groups()
        start = int(first) if first else max(0, len(data) - int(last))
        end = min(len(data), int(last) + 1) if first and last else len(data)
        if start >= len(data) or start >= end:
            return self.answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        self.answer(206, data[start:end], fields | {"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"})

    def answer(self, status, body, fields=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (fields or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
