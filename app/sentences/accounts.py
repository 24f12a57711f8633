"""What is said about accounts, passwords and roles."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "login_failed": _("The account name or the password is not right."),
    "login_locked": _(
        "Too many failed attempts. Please wait a while and try again; each further failure waits longer."
    ),
    "code_needed": _("This account has a second factor. Please send the code of the phone along."),
    "code_wrong": _(
        "The code is not right or was used before. Please take the next one that the phone shows."
    ),
    "second_factor_missing": _("This account needs a second factor. Please set it up on the pages first."),
    "second_factor_there": _("The second factor is set up already."),
    "enrolment_over": _("Setting up took too long. Please begin again."),
    "administrations_apart": _(
        "System, security and audit administration are in three hands: nobody holds two of them."
    ),
    "role_is_own": _("Nobody changes their own role. Please ask another administrator."),
    "successor_elsewhere": _("A successor works for the same union as whoever they take over from."),
    "invitation_open": _("This address has an open invitation already. Take it back or mail it again."),
    "invitation_rests": _("This invitation was mailed less than a minute ago. Please wait a little."),
    "invitations_too_many": _("More than {most} invitations in an hour. Please go on later."),
    "invitation_over": _("This invitation doesn't hold any more. Please ask your upper union for a new one."),
    "name_missing": _("Please write your name."),
    "password_used": _("This is one of your last {count} passwords. Please choose another."),
    "password_must_change": _(
        "This password holds for one login only. Please sign in on the login page and choose your own."
    ),
    "account_without_union": _(
        "Your account belongs to no union. Please ask your upper union to create a new one."
    ),
    "union_type_unsupported": _(
        "{union} is of a type that can't work in this system. Please turn to your upper union."
    ),
    "password_short": _("The password needs at least {least} characters."),
    "password_long": _("The password may have at most {most} characters."),
    "password_kinds": _(
        "The password needs three kinds out of capital letters, small letters, digits and signs."
    ),
    "password_is_name": _("The password must not contain the account name."),
    "password_guessed": _(
        "This password is soon guessed: it is made of common passwords, words, names, dates or neighbouring keys."
        " Please choose another, such as several words that don't belong together."
    ),
    "password_unchanged": _("The new password is the same as the present one. Please choose another."),
    "old_password_wrong": _("The present password is not right."),
    "username_shape": _("The account name needs 1 to 64 characters without blanks."),
    "email_shape": _("Please write the e-mail address like name@example.com."),
    "account_union_unknown": _("There is no union with the code {union} at or below yours."),
    "account_union_unsupported": _("Unions of this type can't work in this system, so they get no accounts."),
    "role_not_at_level": _(
        "This role has no work in a union of this level ({level}). Please choose another role or union."
    ),
    "role_unknown": _("There is no such role: {role}."),
    "account_not_yours": _(
        "You manage the accounts of the unions below yours only. Your own union's belong to the union above."
    ),
    "account_administration": _(
        "Accounts of the municipal, the security and the audit administration are the security administrator's "
        "work. Please ask there."
    ),
    "account_exists": _("The account name or e-mail {taken} is taken. Please choose another."),
    "account_is_own": _("Nobody can disable their own account. Please ask another administrator."),
    "proof_missing": _("Please write how the owner showed who they are."),
    "reason_other_stays": _('The reason "other" can not be deleted: people need it when nothing else fits.'),
}
