"""Describes hierarchies that a web server has, as zarr-python finds them with obstore and with fsspec.

    http_hierarchies.py URL...

For each URL, prints two descriptions of hierarchies.py.
"""

import json
import sys
import warnings

from hierarchies import describe
from obstore.store import HTTPStore
from zarr.storage import FsspecStore, ObjectStore

warnings.filterwarnings("ignore")

for url in sys.argv[1:]:
    store = HTTPStore.from_url(url, client_options={"allow_http": True})
    print(json.dumps(describe(ObjectStore(store, read_only=True))))
    print(json.dumps(describe(FsspecStore.from_url(url, read_only=True))))
