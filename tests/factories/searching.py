"""A search as a browser makes it: posted, then shown at the address that it leads to."""

from __future__ import annotations

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def searched(client: FlaskClient, page: str, **filters: str) -> TestResponse:
    """The page with these filters; a document number is ``id_number``."""
    sent = client.post("/search/", data={"page": page, **filters})
    assert sent.status_code == 303
    return client.get(sent.location)
