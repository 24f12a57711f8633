"""What is said when a union can't be made or changed; the rows' own rules have theirs in ``imports``."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "union_exists": _("There is a union with the code {union} already."),
    "union_name_missing": _("Please give the union's name."),
}
