"""A small city with an object of every kind at every place, and an account of every role.

Whatever belongs to a union carries that union's marks in its names, so that an answer shows where its words
come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.clock import now
from app.models import (
    Account,
    Announcement,
    AnnouncementFile,
    DistrictBatch,
    Employer,
    EnrolmentBatch,
    ExportPart,
    ExportProgress,
    ExportRun,
    FeeSplit,
    ImportRun,
    Member,
    Notice,
    PaymentVoucher,
    ProtectionWindow,
    StoredFile,
    Union,
)
from app.rules.announcements import AnnouncementKind
from app.rules.contacts import Handler
from app.rules.enrolment import Channel, Term
from app.rules.erasure import ErasureAsker, ErasureGround
from app.rules.exports import ExportKind, ExportState
from app.rules.imports import ImportKind
from app.rules.members import EmploymentStatus
from app.rules.organisation import UnionCategory, UnionLevel
from app.security.actor import SYSTEM, Actor, actor_of
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.erasure import request_erasure
from app.services.filing import file_district_batch
from app.services.imports import check_import, start_import
from app.services.invitations import invite
from app.services.retirement import keep_members
from app.services.review import approve_batches
from app.services.settlement import VoucherDetails, accept_district_batch, upload_voucher
from app.services.transfers import Wanted, send_members
from app.transaction import transaction
from tests.factories import (
    at,
    make_account,
    make_employer,
    make_fees,
    make_member,
    make_tree,
    make_union,
    make_year,
)
from tests.factories.papers import make_paper
from tests.factories.workbooks import make_workbook

YEAR = 2025
OFFERED_FILE = 10**9
"""The number of a file that everybody may download."""
WRITTEN_EXPORT = 10**9
"""The number of an export that one manager has asked for, and nobody else may download."""
SUBMITTED_AT, REVIEWED_AT, FILED_AT, ACCEPTED_AT, PAID_AT = (
    at(text) for text in ("2024-12-01", "2024-12-20", "2024-12-27", "2024-12-28", "2024-12-30")
)


class Kind(StrEnum):
    """What an address can name."""

    UNION = "union"
    ACCOUNT = "account"
    INVITATION = "invitation"
    MEMBER = "member"
    COVERED = "covered"
    """A member of the union's batch."""
    KEPT = "kept"
    """A member kept past the line, with a paper."""
    BATCH = "batch"
    DISTRICT_BATCH = "district_batch"
    VOUCHER = "voucher"
    NOTICE = "notice"
    IMPORT = "import"
    TRANSFER = "transfer"
    SPLIT = "split"
    ERASURE = "erasure"
    """A request to erase one of the union's members."""


class Mark(StrEnum):
    """What a mark stands in: one letter, so that a failing test says what was shown."""

    UNION = "Un"
    PERSON = "Pe"
    EMPLOYER = "Em"
    ACCOUNT = "Ac"
    FILING = "Fi"
    WORKBOOK = "Wo"

    def of(self, place: str) -> str:
        return f"Zq{self.value}-{place}-qZ"


@dataclass(frozen=True, slots=True)
class Place:
    """A union and the places above it."""

    name: str
    union: Union
    above: tuple[str, ...]

    @property
    def path(self) -> tuple[str, ...]:
        return (*self.above, self.name)


@dataclass(slots=True)
class World:
    """``objects``: kind → place → key as it stands in an address (an id, or a notice's number)."""

    places: dict[str, Place]
    objects: dict[Kind, dict[str, int | str]]
    accounts: dict[str, Account] = field(default_factory=dict)
    """By role and place, as in ``ACTORS``."""
    filed: frozenset[str] = frozenset()
    """Places whose lists the centre has."""
    employers: dict[str, Employer] = field(default_factory=dict)


ACTORS: tuple[tuple[Role, str], ...] = (
    (Role.MUNICIPAL_ADMIN, "city"),
    (Role.SECURITY_ADMIN, "city"),
    (Role.AUDITOR, "city"),
    (Role.CENTRE_CLERK, "city"),
    (Role.MANAGER, "city"),
    (Role.MANAGER, "district"),
    (Role.DISTRICT_REVIEWER, "district"),
    (Role.SECOND_REVIEWER, "second"),
    (Role.OPERATOR, "grassroots"),
)
"""The roles, each where it has its work; each has siblings, other branches and, but for the city, parents."""

GRASSROOTS = ("grassroots", "sibling", "straight", "other_grassroots", "other_straight", "central_grassroots")
DISTRICTS = {
    "district": "straight",
    "other_district": "other_straight",
    "central_district": "central_grassroots",
}
"""Each district, and the union whose list it has filed."""


def build_world(session: Session) -> World:
    """Everything through the services, so that every row is as it would be."""
    places = _places(session)
    make_year(session, YEAR)
    make_fees(session, YEAR)
    world = World(places, {kind: {} for kind in Kind}, filed=frozenset(DISTRICTS.values()))
    for place in places.values():
        world.objects[Kind.UNION][place.name] = place.union.id
        _staff(session, world, place)
        _import(session, world, place)
    for name in GRASSROOTS:
        _people(session, world, places[name])
        _submit(session, world, places[name])
    _offer(session, world)
    _publish(session)
    _export(session, world)
    for name in DISTRICTS:
        _file(session, world, places[name])
    soon = now() + timedelta(days=100)
    session.execute(update(ProtectionWindow).values(opens_at=at("2022-06-01"), closes_at=soon))
    # Imports wait for their workers; nobody works here.
    session.execute(text("DELETE FROM procrastinate_jobs"))
    session.flush()
    session.expire_all()
    return world


def _places(session: Session) -> dict[str, Place]:
    tree = make_tree(session)
    unions: dict[str, Union] = {each.name: getattr(tree, each.name) for each in fields(tree)}
    unions["other_straight"] = make_union(session, UnionLevel.GRASSROOTS, tree.other_district)
    by_id = {union.id: name for name, union in unions.items()}

    def above(union: Union) -> Iterator[str]:
        if union.parent_id is not None:
            name = by_id[union.parent_id]
            yield from above(unions[name])
            yield name

    for name, union in unions.items():
        union.name = f"工会{Mark.UNION.of(name)}"
    session.flush()
    return {name: Place(name, union, tuple(above(union))) for name, union in unions.items()}


def _staff(session: Session, world: World, place: Place) -> None:
    """An account of every role that works here, and one more that others look at."""
    for role, at_place in ACTORS:
        if at_place == place.name:
            made = make_account(
                session,
                place.union,
                role,
                username=f"{role.value}{Mark.ACCOUNT.of(place.name)}",
                name=role.value,
            )
            session.refresh(made, ["union"])
            world.accounts[f"{role.value}@{place.name}"] = made
    other = make_account(
        session, place.union, _ROLE_AT[place.union.level], username=f"staff{Mark.ACCOUNT.of(place.name)}"
    )
    session.refresh(other, ["union"])
    world.accounts[f"staff@{place.name}"] = other
    world.objects[Kind.ACCOUNT][place.name] = other.id
    world.objects[Kind.INVITATION][place.name] = invite(
        session,
        SYSTEM,
        email=f"invited{Mark.ACCOUNT.of(place.name)}@example.org",
        role=_ROLE_AT[place.union.level],
        union_code=place.union.code,
        now=now(),
    ).id


_ROLE_AT = {
    UnionLevel.MUNICIPAL: Role.MUNICIPAL_ADMIN,
    UnionLevel.DISTRICT: Role.DISTRICT_REVIEWER,
    UnionLevel.SECOND: Role.SECOND_REVIEWER,
    UnionLevel.GRASSROOTS: Role.OPERATOR,
}


def _staff_of(world: World, place: str) -> Actor:
    return actor_of(world.accounts[f"staff@{place}"])


def _import(session: Session, world: World, place: Place) -> None:
    """A members' workbook, checked and not yet taken over; one row is wrong."""
    person = f"导入{Mark.PERSON.of(place.name)}"
    serial = 1000 + len(world.objects[Kind.IMPORT])
    rows = [
        [person, "护照", f"E9{serial:07d}", f"1550000{serial:04d}", "男", "1990-01-01"],
        [person, "护照", f"E8{serial:07d}", "12", "男", "1990-01-01"],
    ]
    run: ImportRun = start_import(
        session,
        _staff_of(world, place.name),
        kind=ImportKind.MEMBERS,
        file_name=f"{Mark.WORKBOOK.of(place.name)}.xlsx",
        content=make_workbook(["姓名*", "证件类型*", "证件号码*", "手机号*", "性别", "出生日期"], rows),
        now=SUBMITTED_AT,
    )
    check_import(transaction, run.id, SUBMITTED_AT)
    world.objects[Kind.IMPORT][place.name] = run.id


def _people(session: Session, world: World, place: Place) -> None:
    """An employer, somebody with a card, somebody without, somebody to confirm, a retired one, one kept."""
    employer = make_employer(session, place.union, name=f"企业{Mark.EMPLOYER.of(place.name)}")

    def person(word: str, **changes: object) -> Member:
        name = f"{word}{Mark.PERSON.of(place.name)}"
        return make_member(session, place.union, name=name, employer_id=employer.id, **changes)

    made = [
        person("有卡"),
        person("无卡", has_card=False),
        person("待确认", employment_status=EmploymentStatus.UNCLEAR),
        person("退休", employment_status=EmploymentStatus.RETIRED),
        person("保留", birth_date=date(1964, 9, 1)),
    ]
    keep_members(
        session,
        _staff_of(world, place.name),
        year=YEAR,
        member_ids=[made[4].id],
        reason="弹性延迟退休",
        attachment=make_paper(Mark.PERSON.of(place.name)),
        now=SUBMITTED_AT,
    )
    world.objects[Kind.KEPT][place.name] = made[4].id
    world.objects[Kind.COVERED][place.name] = made[0].id
    world.objects[Kind.MEMBER][place.name] = made[2].id
    world.objects[Kind.ERASURE][place.name] = request_erasure(
        session,
        _staff_of(world, place.name),
        member_id=made[3].id,
        ground=ErasureGround.PURPOSE_ENDED,
        asker=ErasureAsker.PERSON,
        note=Mark.PERSON.of(place.name),
        now=SUBMITTED_AT,
    ).id
    world.employers[place.name] = employer


def _submit(session: Session, world: World, place: Place) -> None:
    batch: EnrolmentBatch = submit_batch(
        session,
        _staff_of(world, place.name),
        year=YEAR,
        channel=Channel.MEMBER_CARD,
        plan="A",
        now=SUBMITTED_AT,
    )
    world.objects[Kind.BATCH][place.name] = batch.id
    world.objects[Kind.NOTICE][place.name] = _notice(session, place.union)


def _offer(session: Session, world: World) -> None:
    """From every grassroots union a member offered to one outside the places, whose name has no mark."""
    there = make_union(
        session, UnionLevel.GRASSROOTS, world.places["central_district"].union, name="对方工会"
    )
    for name in GRASSROOTS:
        going = make_member(
            session, world.places[name].union, name=f"转出{Mark.PERSON.of(name)}", has_card=False
        )
        outcome = send_members(
            session, _staff_of(world, name), wanted=[Wanted(going.id, there.id)], now=SUBMITTED_AT
        )
        world.objects[Kind.TRANSFER][name] = outcome.transfers[0]


def _export(session: Session, world: World) -> None:
    """A file that was written for one account: it carries no mark."""
    asker = next(account for name, account in world.accounts.items() if name.startswith("manager@"))
    content = make_workbook(["姓名"], [["某人"]])
    run = ExportRun(
        id=WRITTEN_EXPORT,
        kind=ExportKind.MEMBERS,
        asked={},
        language="zh_Hans_CN",
        state=ExportState.READY,
        file_name="会员信息.xlsx",
        rows=1,
        size=len(content),
        asked_by=asker.id,
        asked_at=SUBMITTED_AT,
        finished_at=SUBMITTED_AT,
        expires_at=at("2999-01-01"),
        union_id=asker.union_id,
        second_id=asker.union.second_id,
        district_id=asker.union.district_id,
    )
    session.add(run)
    session.flush()
    session.add_all(
        [ExportProgress(export_id=run.id), ExportPart(export_id=run.id, position=0, content=content)]
    )


def _publish(session: Session) -> None:
    """A download for all levels: nobody's secret, so it carries no mark."""
    session.add(
        StoredFile(
            id=OFFERED_FILE,
            name="手册.pdf",
            media_type="application/pdf",
            size=4,
            sha256="0" * 64,
            content=b"%PDF",
            stored_at=SUBMITTED_AT,
        )
    )
    offered = Announcement(
        kind=AnnouncementKind.MANUAL,
        title="手册",
        levels=[level.value for level in UnionLevel],
        everybody=True,
        shown_from=SUBMITTED_AT,
        published_at=SUBMITTED_AT,
        updated_at=SUBMITTED_AT,
    )
    session.add(offered)
    session.flush()
    session.add(AnnouncementFile(file_id=OFFERED_FILE, announcement_id=offered.id))


def _file(session: Session, world: World, place: Place) -> None:
    """One list filed, accepted and paid; one voucher waits for the centre. And a split of the fees."""
    reviewer, mark = _staff_of(world, place.name), Mark.FILING.of(place.name)
    below = world.places[DISTRICTS[place.name]]
    approve_batches(
        session, reviewer, batch_ids=[int(world.objects[Kind.BATCH][below.name])], now=REVIEWED_AT
    )
    filed: DistrictBatch = file_district_batch(
        session,
        reviewer,
        year=YEAR,
        handler=Handler(mark, "13800000000", f"{mark}@example.org"),
        now=FILED_AT,
    )
    accept_district_batch(session, _clerk(world), batch_id=filed.id, now=ACCEPTED_AT)
    voucher: PaymentVoucher = upload_voucher(
        session,
        reviewer,
        batch_id=filed.id,
        paper=make_paper(mark, f"{mark}.pdf"),
        details=VoucherDetails(mark, filed.owed, PAID_AT.date()),
        now=PAID_AT,
    )
    world.objects[Kind.DISTRICT_BATCH][place.name] = filed.id
    world.objects[Kind.VOUCHER][place.name] = voucher.id
    world.objects[Kind.NOTICE][place.name] = _notice(session, place.union)
    if place.union.category is UnionCategory.ORDINARY:
        split = FeeSplit(
            year=YEAR,
            plan="A",
            union_category=UnionCategory.ORDINARY,
            term=Term.FULL,
            district_id=place.union.id,
            union_id=below.union.id,
            fee=Decimal("26.00"),
            municipal_share=Decimal("13.00"),
            district_share=Decimal("8.00"),
            grassroots_share=Decimal("5.00"),
            set_by=reviewer.account_id,
            set_at=SUBMITTED_AT,
        )
        session.add(split)
        session.flush()
        world.objects[Kind.SPLIT][place.name] = split.id


def _clerk(world: World) -> Actor:
    return actor_of(world.accounts["centre_clerk@city"])


def _notice(session: Session, union: Union) -> str:
    return session.scalars(select(Notice.number).where(Notice.union_id == union.id)).one()
