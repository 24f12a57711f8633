"""The workbench: since when somebody is a member, how many there are, and figures night by night.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent

ALL = "(SELECT wall.sees_all())"
SIGNED_IN = "(SELECT wall.signed_in())"
OF_UNIONS_SEEN = (
    "(SELECT wall.city()) OR union_id = (SELECT wall.grassroots()) OR EXISTS (SELECT FROM trade_union AS u"
    " WHERE u.id = union_id AND (u.district_id = (SELECT wall.district()) OR u.second_id = (SELECT wall.second())))"
)
READ = {
    "member_count": OF_UNIONS_SEEN,
    "member_count_change": OF_UNIONS_SEEN,
    "figure_day": SIGNED_IN,
    "daily_figure": OF_UNIONS_SEEN,
}
"""Table → which rows are the asker's to read. They are written by triggers and by the scheduler alone."""


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / "0015_workbench.sql").read_text(encoding="utf-8"))
    for table, read in READ.items():
        driver.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        driver.execute(f"CREATE POLICY {table}_select ON {table} FOR SELECT USING ({read})")
        driver.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT WITH CHECK ({ALL})")
        driver.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE USING ({ALL}) WITH CHECK ({ALL})")
        driver.execute(f"CREATE POLICY {table}_delete ON {table} FOR DELETE USING ({ALL})")


def downgrade() -> None:
    op.execute("DROP TRIGGER count_added_members ON member")
    op.execute("DROP TRIGGER count_removed_members ON member")
    op.execute("DROP TRIGGER count_moved_member ON member")
    op.execute("DROP FUNCTION count_added_members(), count_removed_members(), count_moved_member()")
    op.execute("DROP TABLE daily_figure, figure_day, member_count_change, member_count")
    op.execute("ALTER TABLE member DROP COLUMN joined_day")
