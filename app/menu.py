"""The left menu, in the users' words (domain section 8): what is where, and who may go there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask_babel.speaklater import LazyString

from app.security.actor import Actor
from app.security.roles import Permission, may
from app.wording import lazy_gettext as _

P = Permission


@dataclass(frozen=True, slots=True)
class Entry:
    label: LazyString
    endpoint: str
    permission: Permission


@dataclass(frozen=True, slots=True)
class Section:
    title: LazyString | None
    entries: tuple[Entry, ...]


MENU: tuple[Section, ...] = (
    Section(
        None,
        (
            Entry(_("Workbench"), "Home.index", P.VIEW_HOME),
            Entry(_("Messages"), "Messages.list", P.VIEW_HOME),
            Entry(_("Announcements and downloads"), "Announcements.list", P.VIEW_HOME),
        ),
    ),
    Section(
        _("Member management"),
        (
            Entry(_("Members"), "Members.list", P.VIEW_MEMBERS),
            Entry(_("Expiring documents"), "Expiring.list", P.EDIT_MEMBERS),
            Entry(_("Import in bulk"), "Imports.list", P.IMPORT_MEMBERS),
            Entry(_("Transfer in bulk"), "Transfers.choose", P.TRANSFER_MEMBERS),
            Entry(_("Review of transfers"), "Transfers.review", P.TRANSFER_MEMBERS),
            Entry(_("Requests for erasure"), "Erasures.list", P.VIEW_PERSONAL_DATA),
        ),
    ),
    Section(
        _("Member service cards"),
        (
            Entry(_("Enrolment by member card"), "Enrolment.member_card", P.ENROL),
            Entry(_("Enrolment by social security card"), "Enrolment.social_card", P.ENROL),
            Entry(_("Retirement check"), "Retirement.list", P.ENROL),
        ),
    ),
    Section(
        _("Review"),
        (Entry(_("Review of collective enrolment"), "Review.collective", P.REVIEW),),
    ),
    Section(
        _("Enrolment batches"),
        (
            Entry(_("District batches"), "DistrictBatches.list", P.VIEW_DISTRICT_BATCHES),
            Entry(_("Lapsed batches"), "Lapsed.list", P.VIEW_ENROLMENT),
        ),
    ),
    Section(
        _("Mutual-aid centre"),
        (
            Entry(_("District batches to accept"), "Centre.queue", P.CENTRE),
            Entry(_("Payment vouchers to check"), "Centre.vouchers", P.CENTRE),
        ),
    ),
    Section(
        _("Statistics and monitor"),
        (
            Entry(_("Live monitor of collective enrolment"), "Monitor.live", P.MONITOR),
            Entry(_("Progress and reminders"), "Progress.list", P.MONITOR),
            Entry(_("Statistics of collective enrolment"), "Statistics.form", P.STATISTICS),
            Entry(_("My exports"), "Exports.list", P.VIEW_MEMBERS),
            Entry(_("Cover look-up"), "Cover.search", P.VIEW_COVER),
        ),
    ),
    Section(
        _("Settings"),
        (
            Entry(_("Protection years and windows"), "Years.list", P.VIEW_YEARS),
            Entry(_("Working days"), "WorkingDays.year", P.VIEW_YEARS),
            Entry(_("Fee settings"), "Fees.municipal", P.VIEW_FEES),
            Entry(_("Fee split of the grassroots unions"), "FeeSplits.list", P.SET_SPLIT),
            Entry(_("Union organisation"), "Unions.list", P.VIEW_TREE),
            Entry(_("Employers and companies"), "Employers.list", P.VIEW_TREE),
            Entry(_("Accounts and roles"), "Accounts.list", P.MANAGE_ACCOUNTS),
            Entry(_("Open invitations"), "Invitations.list", P.MANAGE_ACCOUNTS),
            Entry(_("Who is online"), "Online.list", P.MANAGE_ACCOUNTS),
            Entry(_("Outgoing mail"), "Letters.list", P.MANAGE_SECURITY),
            Entry(_("Dictionary"), "Dictionary.list", P.MANAGE_DICTIONARY),
            Entry(_("Scheduled jobs"), "Schedule.runs", P.MANAGE_SCHEDULE),
            Entry(_("Background jobs"), "Jobs.list", P.MANAGE_SCHEDULE),
            Entry(_("Audit log"), "Audit.list", P.VIEW_AUDIT),
        ),
    ),
)


IN_TRAINING = Section(_("Training"), (Entry(_("Training clock"), "Training.clock", P.MANAGE_YEARS),))
"""There only where the installation is a training."""


def menu_for(actor: Actor, endpoints: Collection[str]) -> tuple[Section, ...]:
    """The sections and entries that the actor may open, of those pages that exist."""
    sections = (
        Section(
            section.title,
            tuple(
                entry
                for entry in section.entries
                if entry.endpoint in endpoints and may(actor, entry.permission)
            ),
        )
        for section in (*MENU, IN_TRAINING)
    )
    return tuple(section for section in sections if section.entries)


def marked_entry(sections: Collection[Section], endpoint: str) -> str:
    """The endpoint of the entry that a page belongs to: its own, or the only one of its screen."""
    listed = [entry.endpoint for section in sections for entry in section.entries]
    if endpoint in listed:
        return endpoint
    screen = endpoint.partition(".")[0]
    siblings = [other for other in listed if other.partition(".")[0] == screen]
    return siblings[0] if len(siblings) == 1 else ""
