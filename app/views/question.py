"""What a button asks before its form goes out, asked by the server where the page's script couldn't.

Such a button is named ``question``. The script asks in a dialog and leaves the field out of what it sends; a
form that still carries it was sent before the script had loaded, or without any.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import render_template, request, url_for

QUESTION = "question"


def ask_first() -> str | None:
    """A page with the question and the same form below, or nothing where there is nothing to ask."""
    asked = request.form.get(QUESTION, "") if request.method == "POST" else ""
    if not asked or request.files:
        return None
    agree, _, question = asked.partition("\n")
    return render_template(
        "question.html",
        question=question.strip(),
        agree=agree.strip(),
        action=request.full_path.removesuffix("?"),
        sent=[pair for pair in request.form.items(multi=True) if pair[0] != QUESTION],
        back=_back(),
    )


def _back() -> str:
    """The page that the form stands on, without leaving this site."""
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host:
        return url_for("Home.index")
    return f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
