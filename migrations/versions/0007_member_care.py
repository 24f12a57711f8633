"""Tags, expiring documents and what a decision about a member rests on.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX member_by_expiry ON member (union_id, id_expires_on, id) WHERE NOT id_never_expires"
    )
    op.execute("CREATE INDEX member_by_tag ON member (union_id, tag) WHERE tag <> ''")
    _keeps_have_papers()


def downgrade() -> None:
    _keeps_have_no_papers()
    op.execute("DROP INDEX member_by_tag")
    op.execute("DROP INDEX member_by_expiry")


def _keeps_have_papers() -> None:
    """A keep names the paper it rests on; its reasons come from the dictionary."""
    op.execute("ALTER TABLE retirement_keep ADD COLUMN file_id BIGINT REFERENCES stored_file (id)")
    op.execute("CREATE INDEX retirement_keep_by_file ON retirement_keep (file_id) WHERE file_id IS NOT NULL")
    # Personal data isn't held for nothing, whoever ends the keep: its undoing, a newer paper, a transfer.
    op.execute(
        """
        CREATE FUNCTION forget_paper() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM stored_file f
             WHERE f.id = OLD.file_id AND NOT EXISTS (SELECT FROM retirement_keep k WHERE k.file_id = f.id);
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER a_paper_goes_with_its_last_keep AFTER DELETE OR UPDATE OF file_id ON retirement_keep
            FOR EACH ROW WHEN (OLD.file_id IS NOT NULL) EXECUTE FUNCTION forget_paper()
        """
    )
    op.execute("ALTER TABLE reason_code DROP CONSTRAINT reason_kind_known")
    op.execute(
        "ALTER TABLE reason_code ADD CONSTRAINT reason_kind_known CHECK (kind IN"
        " ('return', 'centre_reject', 'voucher_reject', 'exclusion', 'transfer_refuse', 'keep'))"
    )
    op.execute(
        """
        INSERT INTO reason_code (kind, code, label_zh, label_en, position) VALUES
            ('keep', 'flexible', '弹性延迟退休', 'Flexible later retirement', 10),
            ('keep', 'expert', '高级专家、女干部按规定延长退休', 'Expert or official who retires later by rule', 20),
            ('keep', 'other', '其他', 'Other', 999)
        """
    )


def _keeps_have_no_papers() -> None:
    op.execute("DELETE FROM reason_code WHERE kind = 'keep'")
    op.execute("ALTER TABLE reason_code DROP CONSTRAINT reason_kind_known")
    op.execute(
        "ALTER TABLE reason_code ADD CONSTRAINT reason_kind_known CHECK (kind IN"
        " ('return', 'centre_reject', 'voucher_reject', 'exclusion', 'transfer_refuse'))"
    )
    op.execute("DROP TRIGGER a_paper_goes_with_its_last_keep ON retirement_keep")
    op.execute("DROP FUNCTION forget_paper")
    op.execute("DROP INDEX retirement_keep_by_file")
    op.execute("ALTER TABLE retirement_keep DROP COLUMN file_id")
