"""Plain tables: reference data without a life of its own, on Flask-AppBuilder's list and form pages.

Everything with states or rules has screens and services of its own. What the framework would do differently
from the rest of this product is settled here once: who sees a row, who may change it, what a refused form
keeps, what a broken constraint says, and that nothing changes by GET.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, current_app, flash, redirect, request, url_for
from flask_appbuilder import ModelView, expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.urltools import get_filter_args
from flask_babel import gettext
from flask_babel.speaklater import LazyString
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from app.rules.violations import RuleViolation
from app.security.actor import current_actor
from app.security.needs import allowed_actor, needs
from app.security.roles import Permission
from app.security.visible import visible_to
from app.templating import refusal_text
from app.transaction import transaction

ROUTES = {"list", "show", "add", "edit", "delete"}


class VisibleRows(BaseFilter):  # type: ignore[misc]
    """Base filter of every plain table whose rows belong to a union: only what the asker may see."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(visible_to(current_actor(), self.model))


class PlainTable(ModelView):  # type: ignore[misc]
    """A table that an administrator keeps.

    A subclass names its columns, ``search_columns`` among them (nothing is searchable by default), the
    ``permission`` of all its pages, and a sentence for each constraint of the table that a user can break.
    """

    permission: Permission
    constraint_sentences: Mapping[str, LazyString] = {}
    include_route_methods = ROUTES
    page_size = 15

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.search_columns:
            raise TypeError(f"{cls.__name__} has to name its search_columns")
        for name in ROUTES:
            route = getattr(PlainTable, name)
            guarded = needs(cls.permission)(route)
            guarded._urls = route._urls
            setattr(cls, name, guarded)

    def __init__(self, **kwargs: Any) -> None:
        mapper = inspect(self.datamodel.obj)
        if {"union_id", "district_id"} <= set(mapper.columns.keys()):
            self.base_filters = [[mapper.primary_key[0].key, VisibleRows, lambda: None]]
        super().__init__(**kwargs)

    @expose("/list/")
    def list(self) -> Any:
        return self.render_template(self.list_template, title=self.list_title, widgets=self._list())

    @expose("/show/<pk>", methods=["GET"])
    def show(self, pk: str) -> Any:
        item = self._seen(pk)
        return self.render_template(
            self.show_template, title=self.show_title, widgets=self._get_show_widget(pk, item)
        )

    @expose("/add", methods=["GET", "POST"])
    def add(self) -> Any:
        form = self.add_form.refresh()
        if request.method == "GET":
            return self._form_page("add", form)
        return self._save("add", form, self.datamodel.obj())

    @expose("/edit/<pk>", methods=["GET", "POST"])
    def edit(self, pk: str) -> Any:
        item = self._seen(pk)
        if request.method == "GET":
            return self._form_page("edit", self.edit_form.refresh(item))
        form = self.edit_form.refresh(request.form)
        form._id = pk
        return self._save("edit", form, item)

    @expose("/delete/<pk>", methods=["POST"])
    def delete(self, pk: str) -> Any:
        item = self._seen(pk)
        try:
            with transaction() as session, session.begin_nested():
                self.check_delete(item)
                session.delete(item)
        except RuleViolation as refusal:
            flash(refusal_text(refusal), "stop")
        except IntegrityError as broken:
            flash(self._sentence(broken), "stop")
        else:
            flash(gettext("Deleted."), "ok")
        return redirect(url_for(f"{self.endpoint}.list"))

    def check_save(self, item: Any) -> None:
        """A subclass may refuse a row, as it would be saved, with a RuleViolation."""

    def check_delete(self, item: Any) -> None:
        """A subclass may refuse to delete a row with a RuleViolation."""

    def _save(self, kind: str, form: Any, item: Any) -> Any:
        """Save all or nothing: what a rule or a constraint refuses never reaches the session's row again."""
        if not form.validate():
            return self._form_page(kind, form, status=422)
        sentence = ""
        try:
            with transaction() as session, session.begin_nested(), session.no_autoflush:
                form.populate_obj(item)
                self.check_save(item)
                session.add(item)
                session.flush()
        except RuleViolation as refusal:
            sentence = refusal_text(refusal)
            if refusal.field in form:
                form[refusal.field].errors = [*form[refusal.field].errors, sentence]
                sentence = ""
        except IntegrityError as broken:
            sentence = self._sentence(broken)
        else:
            flash(gettext("Saved."), "ok")
            return redirect(url_for(f"{self.endpoint}.list"))
        if sentence:
            flash(sentence, "stop")
        return self._form_page(kind, form, status=422)

    def _form_page(self, kind: str, form: Any, status: int = 200) -> Any:
        get_filter_args(self._filters, disallow_if_not_in_search=False)
        widgets = getattr(self, f"_get_{kind}_widget")(form)
        page = self.render_template(
            getattr(self, f"{kind}_template"), title=getattr(self, f"{kind}_title"), widgets=widgets
        )
        return page, status

    def _seen(self, pk: str) -> Any:
        """The row, if it is there and the asker's to see; 404 otherwise."""
        key = pk if pk.isascii() and pk.isdigit() and len(pk) < 19 else None
        item = self.datamodel.get(key, self._base_filters) if key else None
        if item is None:
            abort(404)
        return item

    def _sentence(self, broken: IntegrityError) -> str:
        name = getattr(getattr(broken.orig, "diag", None), "constraint_name", None) or ""
        return str(
            self.constraint_sentences.get(name)
            or gettext("This can't be saved: another entry is in the way, or still refers to it.")
        )


def modelview_allows(view_name: str, method: str) -> bool:
    """Whether a list page may link to this method: the route exists and the asker may."""
    views = current_app.extensions["appbuilder"].baseviews
    view = next((view for view in views if view.__class__.__name__ == view_name), None)
    if not isinstance(view, PlainTable) or f"{view_name}.{method}" not in current_app.view_functions:
        return False
    try:
        allowed_actor(view.permission)
    except RuleViolation:
        return False
    return True
