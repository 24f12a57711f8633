from __future__ import annotations

import pytest

from app.rules.papers import NAME_MAX, PAPER_MAX_BYTES, Paper, paper_name, paper_type
from app.rules.violations import RuleViolation


@pytest.mark.parametrize(
    ("sent", "media_type", "kept"),
    [
        ("凭证.pdf", "application/pdf", "凭证.pdf"),
        ("凭证.PDF", "application/pdf", "凭证.PDF"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("凭证.exe", "image/png", "凭证.exe.png"),
        ("凭证.png", "application/pdf", "凭证.png.pdf"),
        ("C:\\fakepath\\..\\凭证.pdf", "application/pdf", "凭证.pdf"),
        ("../../etc/passwd", "image/png", "passwd.png"),
        ("", "image/png", "file.png"),
        (".png", "image/png", ".png.png"),
        ("gnp.\u202eexe", "image/png", "gnp.exe.png"),
        ("a\r\nSet-Cookie: b.pdf", "application/pdf", "a Set-Cookie: b.pdf"),
    ],
)
def test_a_paper_is_called_what_it_is(sent: str, media_type: str, kept: str) -> None:
    assert paper_name(sent, media_type) == kept


def test_a_long_name_keeps_its_ending() -> None:
    assert paper_name("长" * 500, "image/png") == "长" * (NAME_MAX - 4) + ".png"


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        (b"", "attachment_empty", 422),
        (b"PK\x03\x04", "attachment_type", 415),
        (b"%PDF-" + bytes(PAPER_MAX_BYTES - 4), "attachment_too_large", 413),
    ],
)
def test_a_paper_is_told_by_its_first_bytes_and_its_size(content: bytes, code: str, status: int) -> None:
    with pytest.raises(RuleViolation, match=code) as refused:
        paper_type(Paper.ATTACHMENT, content)
    assert (refused.value.status, refused.value.field) == (status, "file")


def test_ten_megabytes_fit() -> None:
    assert paper_type(Paper.VOUCHER, b"%PDF-" + bytes(PAPER_MAX_BYTES - 5)) == "application/pdf"
