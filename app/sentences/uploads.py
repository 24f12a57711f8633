"""Sentences about any file that comes in, before somebody looks at what it is."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "file_infected": _(
        "The virus scanner found {signature} in the file {file}. It was refused and nothing of it was kept. Please "
        "don't open it, and have the computer checked that it comes from."
    ),
    "file_not_scanned": _(
        "The virus scanner doesn't answer at the moment, and no file is taken unscanned. Please try again later."
    ),
    "file_too_large_to_scan": _(
        "The file, or what is packed in it, is more than the virus scanner looks at, and no file is taken unscanned. "
        "Please choose a smaller one."
    ),
}
