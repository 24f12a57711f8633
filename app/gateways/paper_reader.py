"""Opening a foreign paper without risking this process: a picture of 5 KB can unfold to 16 GB."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from app.gateways.own_process import command_of
from app.rules.papers import Paper, PaperProblem, paper_type, refusal

SECONDS = 40
"""A child that computes is ended by its own limit, at half of that; this ends one that hangs."""


def open_paper(paper: Paper, content: bytes) -> tuple[str, bytes]:
    """Media type and the bytes that may be kept of a JPG, PNG or PDF: a picture is drawn anew, a PDF stays.

    Raises RuleViolation with a code of ``app.rules.papers.PaperProblem`` after the paper's word.
    """
    media_type = paper_type(paper, content)
    try:
        ended = subprocess.run(  # noqa: S603  (our own program; the file is its input)
            command_of("paper_child", media_type),
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise refusal(paper, PaperProblem.TOO_COSTLY) from None
    told, kept = _told(ended.stdout)
    if "problem" in told:
        raise refusal(paper, PaperProblem(told["problem"]), **told["facts"])
    if told.get("safe") != len(kept):
        died = ended.returncode < 0
        raise refusal(paper, PaperProblem.TOO_COSTLY if died else PaperProblem.DAMAGED)
    return media_type, kept


def _told(said: bytes) -> tuple[dict[str, Any], bytes]:
    head, _newline, kept = said.partition(b"\n")
    return (json.loads(head) if head else {}), kept
