"""What is said when a member can't be transferred."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "own_transfer": _("You proposed this transfer yourself. Somebody else must decide about it."),
    "receiving_union_missing": _("Please give the code or the whole name of the receiving union."),
    "receiving_union_unknown": _(
        "No union has this code or exactly this name. Compare it with the receiving union's certificate."
    ),
    "receiving_union_not_grassroots": _(
        "Members belong to grassroots unions, and {union} is none. Name the grassroots union."
    ),
    "receiving_union_ambiguous": _("Several unions are called {union}. Please give the union's code."),
    "transfer_to_own_union": _("The member belongs to this union already."),
    "transfer_waiting": _(
        "A transfer of this member is waiting for a decision already. Once it is decided, another one can be proposed."
    ),
    "transfer_while_submitted": _(
        "The member is in a batch that is not settled yet. Once it is settled or returned, the transfer can be made."
    ),
    "member_there_already": _(
        "The receiving union has a record of this person already, so there is nothing to transfer."
    ),
    "transfer_decided": _("{who} decided this transfer at {at}: {state}."),
    "transfer_decided_there": _("The other side decided this transfer at {at}: {state}."),
    "not_your_side": _("This is for the other union to do."),
    "no_transfer_ticked": _("Please tick at least one transfer."),
    "offered_already": _(
        "This person's union has offered the transfer to you already. You find it in the review of transfers."
    ),
    "person_nowhere": _(
        "Nobody in the city has this document as a member. You can add the person as a new member."
    ),
    "list_changed_meanwhile": _("The list has changed meanwhile. Please look at it and send it again."),
    "name_disagrees": _(
        "The member on record under this number has another name. Correct the name or the number."
    ),
}
