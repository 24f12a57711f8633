"""What kinds of messages, letters and announcements are called: a part of the words of ``app.labels``."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel.speaklater import LazyString

from app.wording import lazy_gettext as _

MESSAGE_WORDS: Mapping[str, Mapping[str, LazyString]] = {
    "MailPurpose": {
        "invitation": _("Invitation"),
        "password_reset": _("Password reset"),
        "second_factor_reset": _("Second factor taken off"),
        "message": _("Message of the inbox"),
    },
    "MessageKind": {
        "reminder": _("Deadline"),
        "lists_wait": _("Lists to review"),
        "batch_returned": _("List returned"),
        "batch_approved": _("List approved"),
        "batch_filed": _("List filed with the centre"),
        "batch_completed": _("Cover in force"),
        "batch_lapsed": _("List lapsed"),
        "lists_lapsed": _("Lists lapsed below"),
        "filed_arrived": _("District batch arrived"),
        "filed_accepted": _("District batch accepted"),
        "filed_rejected": _("District batch rejected"),
        "voucher_arrived": _("Voucher arrived"),
        "voucher_rejected": _("Voucher returned"),
        "voucher_settled": _("Voucher settled"),
        "import_ready": _("Import checked"),
        "import_failed": _("Import failed"),
        "transfer_asked": _("Transfer to decide"),
        "transfer_accepted": _("Transfer accepted"),
        "transfer_refused": _("Transfer refused"),
        "window_opened": _("Window opened"),
        "window_closed": _("Window closed"),
        "extension_granted": _("Extension granted"),
        "urged_submit": _("Reminder to submit"),
        "urged_review": _("Reminder to review"),
        "urged_file": _("Reminder to file"),
        "export_ready": _("Export ready"),
        "export_failed": _("Export failed"),
    },
    "ExportKind": {
        "members": _("Members"),
        "members_full": _("Members with full numbers"),
        "people": _("People of a year"),
        "people_full": _("People of a year with full numbers"),
        "statistics": _("Statistics of collective enrolment"),
        "progress": _("Progress of enrolment"),
    },
    "ExportState": {
        "queued": _("Waiting"),
        "working": _("At work"),
        "ready": _("Ready"),
        "failed": _("Failed"),
        "cancelled": _("Cancelled"),
        "expired": _("Expired"),
    },
    "AnnouncementKind": {
        "notice": _("Announcement"),
        "template": _("Template"),
        "manual": _("Manual"),
    },
}
