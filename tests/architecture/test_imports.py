"""Who may import whom, and what stands in one place only."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.sources import Source, sources

PLATFORM = {
    "app.acting",
    "app.clock",
    "app.sealing",
    "app.extensions",
    "app.transaction",
    "app.jobs",
    "app.database",
    "app.log",
    "app.replica",
    "config",
}
EDGE = {
    "app.rules", "app.models", "app.queries", "app.services", "app.forms", "app.security", "app.sentences",
    "app.labels", "app.wording", "app.documents", "app.statistics", "app.exports", "app.member_file",
    "app.people_file", "app.people_words", "app.progress_file", "reports",
}  # fmt: skip

MAY_IMPORT: dict[str, set[str]] = {
    "app.rules": set(),
    "app.models": {"app.rules", "app.extensions", "app.sealing"},
    "app.queries": {"app.models", "app.rules", "app.security", "app.clock", "app.sealing", "app.transaction"},
    "app.gateways": {"app.rules"},
    "app.services": {
        "app.queries", "app.models", "app.rules", "app.gateways", "app.security", "app.jobs", "app.clock",
        "app.sealing", "app.acting", "app.replica", "reports",
    },
    "app.forms": {"app.rules", "app.labels", "app.clock", "app.sealing"},
    "app.security": {
        "app.models", "app.rules", "app.clock", "app.transaction", "app.sealing", "app.acting", "app.extensions",
        "app.log",
    },
    "app.sentences": {"app.rules", "app.labels", "app.clock"},
    "app.labels": {"app.rules", "app.message_labels", "app.tones", "app.wording"},
    "app.tones": set(),
    "app.message_labels": {"app.wording"},
    "app.wording": set(),
    "app.letters": {
        "app.gateways", "app.labels", "app.models", "app.rules", "app.security", "app.sentences",
    },
    "app.views": EDGE | PLATFORM | {
        "app.addresses", "app.templating", "app.menu", "app.sent", "app.letters", "app.gateways",
    },
    "app.api": EDGE | PLATFORM | {"app.sent"},
    "reports": {"app.rules", "app.labels"},
    "scheduler": {
        "app.services", "app.queries", "app.transaction", "app.models", "app.rules", "app.security", "reports",
        "app.clock", "app.jobs", "app.log", "app.extensions", "app.database", "app.import_turn",
        "app.letters", "app.exports", "app.export_turn", "app.replica",
    },
    "app.export_turn": {
        "app.acting", "app.clock", "app.exports", "app.extensions", "app.security", "app.services",
        "app.transaction",
    },
    "app.city": {
        "app.services", "app.models", "app.rules", "app.security", "app.clock", "app.sealing", "app.transaction",
        "app.database_roles", "config",
    },
    "app.acting": {"app.clock", "app.extensions", "app.log", "app.security", "app.transaction", "config"},
    "app.replica": {"app.acting", "app.database", "app.extensions", "app.log"},
    "app.clock": set(),
    "app.sent": set(),
    "app.sealing": set(),
    "app.extensions": set(),
    "app.transaction": {"app.extensions", "app.rules"},
    "app.import_turn": {"app.acting", "app.extensions", "app.services", "app.transaction"},
    "app.jobs": {"app.clock"},
    "app.training": {"app.clock", "app.database"},
    "app.database": {"config"},
    "app.database_roles": {"app.database", "config"},
    "app.wall": {"app.database", "app.database_roles", "config"},
    "app.log": {"app.clock"},
}  # fmt: skip
"""Layer → the other layers it may know. Layers that aren't here hold everything together and know all."""

NO_WEB = ("app.rules", "app.models", "app.queries", "app.services", "app.gateways", "app.city", "reports")
RULES_MAY_USE = set(sys.stdlib_module_names) | {"stdnum", "zxcvbn"}
INPUT_AND_OUTPUT = {"socket", "subprocess", "urllib", "http", "tempfile", "shutil", "os", "io"}


@pytest.mark.parametrize("layer", sorted(MAY_IMPORT))
def test_a_layer_knows_only_what_lies_below_it(layer: str) -> None:
    known = {*MAY_IMPORT, *(source.layer for source in sources()), "config"}
    allowed = MAY_IMPORT[layer] | {layer}
    wrong = [
        f"{source.at(line)} imports {module}"
        for source in sources()
        if source.layer == layer
        for module, line in source.imports()
        for other in [module if module == "config" else _layer(module)]
        if other in known and other not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def _layer(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "app" and len(parts) > 1 else parts[0]


def test_rules_know_nothing_but_the_standard_library_and_do_no_input_or_output() -> None:
    wrong = [
        f"{source.at(line)} imports {module}"
        for source in sources()
        if source.layer == "app.rules"
        for module, line in source.imports()
        for top in [module.partition(".")[0]]
        if top != "app" and (top not in RULES_MAY_USE or top in INPUT_AND_OUTPUT)
    ]
    assert not wrong, "\n".join(wrong)


def test_what_lies_below_the_edge_never_reads_the_request() -> None:
    wrong = [
        f"{source.at(line)} imports {module}"
        for source in sources()
        if source.layer in NO_WEB
        for module, line in source.imports()
        if module.partition(".")[0] in {"flask", "flask_login", "flask_jwt_extended", "wtforms", "flask_wtf"}
    ]
    assert not wrong, "\n".join(wrong)


CALLERS = {"httpx", "requests", "smtplib", "socket", "ftplib", "aiohttp", "urllib3", "telnetlib"}


def test_nobody_calls_an_address_of_the_web() -> None:
    """But for the gateways, whose addresses are settings: no address that somebody sends is ever opened."""
    wrong = [
        f"{source.at(line)} imports {module}"
        for source in sources()
        if source.layer != "app.gateways"
        for module, line in source.imports()
        if module.partition(".")[0] in CALLERS or module in {"urllib.request", "http.client"}
    ]
    assert not wrong, "\n".join(wrong)


def test_time_comes_from_the_clock_alone() -> None:
    def reads_time(call: ast.Call) -> bool:
        return _dotted(call.func) in {
            "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time",
            "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today",
        }  # fmt: skip

    assert not _calls(reads_time, but="app.clock")


def test_the_transaction_is_the_only_one_that_commits() -> None:
    assert not _calls(lambda call: _dotted(call.func).endswith(".commit"), but="app.transaction")


def test_no_float_comes_near_money() -> None:
    assert not _calls(lambda call: _dotted(call.func) == "float", but="")


def test_nobody_prints() -> None:
    assert not _calls(lambda call: _dotted(call.func) == "print", but="")


def _calls(matches: object, but: str) -> list[str]:
    return [
        source.at(node.lineno)
        for source in sources()
        if source.module != but
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and matches(node)  # type: ignore[operator]
    ]


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_files_tell_one_story() -> None:
    long = [
        f"{source.path.name}: {lines} lines"
        for source in sources()
        for lines in [len(source.path.read_text(encoding="utf-8").splitlines())]
        if lines > 400
    ]
    assert not long


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.module)
def test_a_module_says_what_it_is_for(source: Source) -> None:
    has_code = any(not isinstance(node, ast.ImportFrom | ast.Import) for node in source.tree.body)
    assert ast.get_docstring(source.tree) or not has_code
