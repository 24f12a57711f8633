"""Sentences about uploaded papers: payment vouchers, and what a decision rests on."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.rules.papers import Paper, PaperProblem

OF_BOTH = {
    PaperProblem.TOO_MANY_PIXELS: _(
        "The picture has {millions} million pixels; at most {limit_millions} million fit. Please take it or scan "
        "it with less detail."
    ),
    PaperProblem.TOO_COSTLY: _(
        "Opening this file takes more than any scan or photo needs. Please save it anew, as a JPG or as a simple PDF."
    ),
    PaperProblem.DAMAGED: _(
        "The file isn't whole or has something else behind its end. Please open it, save it anew and choose it again."
    ),
    PaperProblem.ENCRYPTED: _(
        "The PDF is protected, by a password or against changes. Please print it to a new PDF without protection "
        "and choose that."
    ),
    PaperProblem.ACTIVE: _(
        "The PDF runs something or carries other files, which isn't accepted. Please print it to a new PDF and "
        "choose that, or take a picture of it."
    ),
}

SENTENCES = {f"{paper}_{problem}": text for paper in Paper for problem, text in OF_BOTH.items()} | {
    "voucher_empty": _("The file is empty. Please choose the voucher's picture or PDF."),
    "voucher_too_large": _(
        "The file has {size_mb} MB; at most {limit_mb} MB fit. Please choose a smaller one."
    ),
    "voucher_type": _(
        "This is neither a JPG, a PNG nor a PDF, whatever its name says. Please choose another file."
    ),
    "attachment_empty": _("Please attach the paper that the decision rests on (PDF, JPG or PNG)."),
    "attachment_too_large": _(
        "The file has {size_mb} MB; at most {limit_mb} MB are accepted. Please scan it smaller."
    ),
    "attachment_type": _("This is no PDF, JPG or PNG file. Please attach a scan or a photo of the paper."),
}
