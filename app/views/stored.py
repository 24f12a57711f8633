"""Handing out what was uploaded."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import send_file

from app.models import StoredFile
from app.services.files import content_of


def hand_over(stored: StoredFile) -> Any:
    """An uploaded file, always as a download: it came from outside.

    Should a browser show it all the same, the policy of whatever is no page makes it a document of nobody.
    """
    return send_file(
        BytesIO(content_of(stored)),
        mimetype=stored.media_type,
        as_attachment=True,
        download_name=stored.name,
        etag=False,
    )
