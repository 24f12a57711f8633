"""What a form sent, as bytes that are the same when it is sent again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

from flask import request


def sent_form(without: Collection[str] = ()) -> bytes:
    """The request's fields and its files by their digests, but for the fields that differ each time."""
    fields = {name: values for name, values in request.form.lists() if name not in without}
    files = {}
    for name, file in request.files.items(multi=True):
        file.stream.seek(0)
        files[f"{name}:{file.filename}"] = hashlib.file_digest(file.stream, "sha256").hexdigest()
        file.stream.seek(0)
    return json.dumps([fields, files], sort_keys=True).encode()
