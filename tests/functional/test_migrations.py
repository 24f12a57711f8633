"""The migrations and the models say the same, and a migration can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from flask_appbuilder import Model
from sqlalchemy import create_engine, text

from app import create_app
from app.clock import now
from app.database import MIGRATIONS, migrate_to_head
from app.rules.members import IdType
from app.rules.person import number_hash
from app.sealing import KeyRing, Purpose
from app.security.second_factor import use_code
from app.security.tokens import recovery_text
from app.transaction import transaction
from config import Login, load_settings
from tests.databases import settings_for

LEFT_OVER = (
    "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')"
)


def is_ours(_: object, name: str | None, kind: str, *__: object) -> bool:
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def test_the_models_are_what_the_migrations_made(committed_database: str) -> None:
    engine = create_engine(committed_database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        assert compare_metadata(context, Model.metadata) == []
    engine.dispose()


def test_migrations_go_down_to_nothing_and_up_again(committed_database: str) -> None:
    engine = create_engine(committed_database)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with engine.connect() as connection:
        assert connection.scalar(text(LEFT_OVER)) == 1, "only Alembic's own table may be left"
    migrate_to_head(committed_database)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM plan")) == 4
    engine.dispose()


FAST_CODES = "0020"
RECOVERY_CODE = """
    INSERT INTO ab_user (id, first_name, last_name, username, email, active)
         VALUES (1, '王一', '', 'wang', 'wang@example.org', true);
    INSERT INTO recovery_code (account_id, code_hash) VALUES (1, :kept);
"""


def test_recovery_codes_on_paper_still_open_after_their_hashes_became_slow(
    committed_database: str, tmp_path: Path
) -> None:
    application = create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER)
    engine = create_engine(committed_database)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with application.app_context(), engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, FAST_CODES)
        kept = bytes.fromhex(recovery_text(1, "k7d2m-9xpqa"))
        for statement in RECOVERY_CODE.split(";\n"):
            connection.execute(text(statement), {"kept": kept}) if statement.strip() else None
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
        with transaction() as session:
            assert not use_code(session, 1, "k7d2m-9xpqb", now())
            assert use_code(session, 1, "K7D2M-9XPQA", now())
    engine.dispose()


BEFORE_SEALING = "0003"
NUMBER, PERMIT = "11010519491231002X", "H1234567802"
STORED = """
    INSERT INTO trade_union (code, name, type, level, central_enterprise, created_at)
         VALUES ('811001000000000017', '海城市总工会', 'municipal_federation', 'municipal', false, now());
    INSERT INTO member (union_id, kind, name, id_type, id_number, person_key, phone, created_at, updated_at)
         SELECT id, 'employed', '王芳', 'resident_id', '11010519491231002X', sha256('1'), '13800000001', now(), now()
           FROM trade_union
      UNION ALL
         SELECT id, 'employed', '李强', 'hong_kong_macao_permit', 'H1234567802', sha256('2'), '13800000002',
                now(), now()
           FROM trade_union;
    INSERT INTO stored_file (name, media_type, size, sha256, content, stored_at)
         VALUES ('名单.xlsx', 'x', 3, '-', 'PK1', now()), ('凭证.png', 'y', 3, '-', 'PNG', now());
    INSERT INTO import_run (kind, file_name, file_id, state, union_id, uploaded_at)
         SELECT 'members', '名单.xlsx', min(f.id), 'ready', min(u.id), now() FROM stored_file f, trade_union u;
    INSERT INTO import_row (import_id, row, raw, cells, valid)
         SELECT id, 2, jsonb '["王芳", "身份证", "11010519491231002X"]',
                jsonb '{"name": "王芳", "id_type": "resident_id", "id_number": "11010519491231002X"}', true
           FROM import_run
      UNION ALL
         SELECT id, 3, '["李强", 7, ""]', '{"name": "李强"}', false FROM import_run;
"""
HOLDING_NUMBERS = {
    "member": "SELECT id_number, name FROM member ORDER BY id",
    "import_row": "SELECT row, raw, cells FROM import_row ORDER BY row",
    "stored_file": "SELECT name, content FROM stored_file ORDER BY id",
}


def test_numbers_are_sealed_and_opened_again_with_the_rows_there_are(
    committed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANBAO_DATABASE_URL", committed_database)
    monkeypatch.setenv("CANBAO_SECRET_KEY", "a secret for tests only")
    settings = load_settings()
    ring = KeyRing(settings.sealing_keys)
    engine = create_engine(committed_database)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def found() -> dict[str, list[tuple[object, ...]]]:
        return {
            table: [tuple(row) for row in connection.execute(text(sql))]
            for table, sql in HOLDING_NUMBERS.items()
        }

    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE_SEALING)
        for statement in STORED.split(";\n"):
            connection.execute(text(statement)) if statement.strip() else None
        connection.commit()
        clear = found()
        command.upgrade(config, "head")

        sealed = found()
        assert [ring.unseal(number, Purpose.ID_NUMBER).decode() for number, _ in sealed["member"]] == [
            NUMBER,
            PERMIT,
        ]
        hashes = connection.scalars(text("SELECT id_number_hash FROM member ORDER BY id")).all()
        assert hashes == [
            number_hash(IdType.RESIDENT_ID, NUMBER, settings.person_secret),
            number_hash(IdType.HONG_KONG_MACAO_PERMIT, PERMIT, settings.person_secret),
        ]
        assert NUMBER not in str(sealed["import_row"]) and "王芳" in str(sealed["import_row"])
        workbook, voucher = (content for _, content in sealed["stored_file"])
        assert (ring.unseal(workbook, Purpose.FILE), voucher) == (b"PK1", b"PNG")
        connection.commit()

        command.downgrade(config, BEFORE_SEALING)
        assert found() == clear
    engine.dispose()
