"""工会组织 and 企业: the tree of unions, walked or searched, and the employers of its unions."""

from __future__ import annotations

from typing import Any, TypeVar

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.extensions import db
from app.forms.organisation import UnionForm, UnionTextForm
from app.labels import choices
from app.models import Union
from app.queries.organisation import (
    UnionFilter,
    count_children,
    employers_page,
    path_to,
    unions_page,
)
from app.rules.organisation import PROVISIONAL_CODE, UnionCategory, UnionLevel, UnionType
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible, visible_to
from app.services.organisation import create_union, edit_union
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request, id_of_request
from app.views.choices import ROW_ID

Choice = TypeVar("Choice", UnionLevel, UnionType, UnionCategory)


class Unions(Screen):
    route_base = "/unions"

    @expose("/")
    @needs(Permission.VIEW_TREE)
    def list(self) -> str:
        session, actor = db.session(), self.actor
        names = ("text", "level", "type", "category")
        asked = {name: request.args.get(name, "").strip()[:100] for name in names}
        at = self._at()
        wanted = UnionFilter(
            text=asked["text"],
            level=_member(UnionLevel, asked["level"]),
            type=_member(UnionType, asked["type"]),
            category=_member(UnionCategory, asked["category"]),
            parent_id=at.id if at else None,
        )
        page = unions_page(session, actor, wanted, cursor_of_request())
        return self.render(
            "organisation/list.html",
            at_union=None if wanted.searches else at,
            path=path_to(session, actor, at) if at and not wanted.searches else [],
            page=page,
            children=count_children(session, [row.Union.id for row in page.rows]),
            asked=asked,
            levels=choices(UnionLevel),
            types=choices(UnionType),
            categories=choices(UnionCategory),
            may_change=may(actor, Permission.MANAGE_TREE),
            may_add_account=may(actor, Permission.MANAGE_ACCOUNTS),
            provisional=PROVISIONAL_CODE,
        )

    @expose("/new", methods=["GET", "POST"])
    @needs(Permission.MANAGE_TREE)
    def create(self) -> Any:
        form = UnionForm()
        form.type.choices = [("", _("Please choose")), *choices(UnionType)]
        form.level.choices = [("", _("None: this type can’t work in the system")), *choices(UnionLevel)]
        if request.method == "GET":
            form.parent_code.data = request.args.get("parent", "")
        if not form.validate_on_submit():
            return self.render("organisation/new.html", form=form), 422 if form.is_submitted() else 200
        try:
            with transaction() as session:
                union = create_union(
                    session,
                    self.actor,
                    code=form.code.data,
                    name=form.name.data,
                    type=UnionType(form.type.data),
                    level=_member(UnionLevel, form.level.data),
                    parent_code=form.parent_code.data,
                    central_enterprise=form.central_enterprise.data,
                    address=form.address.data or "",
                    contact_name=form.contact_name.data or "",
                    contact_phone=form.contact_phone.data or "",
                    now=now(),
                )
                name, parent = union.name, union.parent_id
        except RuleViolation as refusal:
            return self.refused("organisation/new.html", refusal, form=form)
        flash(_("%(name)s has been added.", name=name), "ok")
        return redirect(url_for("Unions.list", parent_id=parent))

    @expose(f"/{ROW_ID}/edit", methods=["GET", "POST"])
    @needs(Permission.MANAGE_TREE)
    def edit(self, row_id: int) -> Any:
        union = get_visible(db.session(), self.actor, Union, row_id)
        form = UnionTextForm(obj=union)
        if not form.validate_on_submit():
            status = 422 if form.is_submitted() else 200
            return self.render("organisation/edit.html", form=form, union=union), status
        try:
            with transaction() as session:
                edit_union(
                    session,
                    self.actor,
                    union_id=row_id,
                    name=form.name.data,
                    address=form.address.data or "",
                    contact_name=form.contact_name.data or "",
                    contact_phone=form.contact_phone.data or "",
                    now=now(),
                )
        except RuleViolation as refusal:
            return self.refused("organisation/edit.html", refusal, form=form, union=union)
        flash(_("The union has been saved."), "ok")
        return redirect(url_for("Unions.list", parent_id=row_id))

    def _at(self) -> Union | None:
        """The union whose subordinates are shown: the one asked for, else the actor's own if it sees it."""
        session, actor = db.session(), self.actor
        asked = id_of_request("parent_id")
        if asked is not None:
            return get_visible(session, actor, Union, asked)
        own = session.get(Union, actor.union_id)
        seen = session.query(Union.id).where(Union.id == actor.union_id, visible_to(actor, Union)).first()
        return own if seen else None


class Employers(Screen):
    route_base = "/employers"

    @expose("/")
    @needs(Permission.VIEW_TREE)
    def list(self) -> str:
        asked = {name: request.args.get(name, "").strip()[:100] for name in ("text", "union")}
        return self.render(
            "organisation/employers.html",
            page=employers_page(db.session(), self.actor, asked["text"], asked["union"], cursor_of_request()),
            asked=asked,
            may_import=may(self.actor, Permission.IMPORT_TREE),
        )


def _member(kind: type[Choice], value: str | None) -> Choice | None:
    """The member of a closed set; ``None`` for an empty or unknown value."""
    return next((member for member in kind if member.value == value), None)
