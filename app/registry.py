"""The list of everything that answers a request."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask
from flask_appbuilder import AppBuilder, BaseView

from app.api.cover import CoverApi
from app.api.documents import DocumentsApi
from app.api.enrolment import EnrolmentApi
from app.api.figures import FiguresApi
from app.api.imports import ImportsApi
from app.api.members import MembersApi
from app.api.openapi import OpenApiDocument
from app.api.organisation import OrganisationApi
from app.api.review import ReviewApi
from app.api.settlement import SettlementApi
from app.api.sign_in import LoginApi
from app.api.years import YearsApi
from app.extensions import csrf
from app.views.accounts import Accounts
from app.views.announcements import Announcements
from app.views.audit import Audit
from app.views.centre import Centre
from app.views.confirmation import Confirmation
from app.views.cover import Cover
from app.views.dictionary import Dictionary
from app.views.documents import Documents
from app.views.enrolment import Enrolment
from app.views.erasures import Erasures
from app.views.expiring import Expiring
from app.views.exports import Exports
from app.views.fee_splits import FeeSplits
from app.views.fees import Fees
from app.views.filing import Filing
from app.views.health import health
from app.views.home import Home
from app.views.imports import Imports
from app.views.invitations import Invitations, Registration
from app.views.jobs import Jobs
from app.views.language import LanguageSwitch
from app.views.lapsed import Lapsed
from app.views.login import LoginView
from app.views.marks import Marks
from app.views.members import Members
from app.views.messages import Messages
from app.views.metrics import init_request_metrics, metrics
from app.views.monitor import Monitor
from app.views.numbers import Numbers
from app.views.online import Letters, Online
from app.views.organisation import Employers, Unions
from app.views.password import Password
from app.views.personal_data import PersonalDataScreen
from app.views.profile import Profile, SecondFactors
from app.views.progress import Progress
from app.views.question import ask_first
from app.views.retirement import Retirement
from app.views.review import Review
from app.views.schedule import TIMETABLE_KEY, Line, Schedule, Timetable
from app.views.search import Search
from app.views.settlement import DistrictBatches
from app.views.sign_in_help import SignInHelp
from app.views.signing import ask_for_what_comes_first
from app.views.statistics import Statistics
from app.views.training import Training
from app.views.transfers import Transfers
from app.views.working_days import WorkingDays
from app.views.years import Years
from scheduler.timetable import TIMETABLE, YEAR

INDEX: type[BaseView] = Home
"""What answers `/`."""

BLUEPRINTS: tuple[Blueprint, ...] = (health, metrics)

SCREENS: tuple[type[Any], ...] = (
    LanguageSwitch,
    Password,
    Profile,
    SecondFactors,
    Accounts,
    Invitations,
    Registration,
    Online,
    Letters,
    SignInHelp,
    Messages,
    Announcements,
    Dictionary,
    Enrolment,
    Confirmation,
    Marks,
    Retirement,
    Documents,
    Members,
    Numbers,
    Search,
    Transfers,
    Expiring,
    PersonalDataScreen,
    Erasures,
    Cover,
    Review,
    Filing,
    DistrictBatches,
    Centre,
    Years,
    WorkingDays,
    Fees,
    FeeSplits,
    Unions,
    Employers,
    Imports,
    Schedule,
    Jobs,
    Lapsed,
    Audit,
    Monitor,
    Progress,
    Exports,
    Statistics,
)
"""Subclasses of `app.views.base.Screen`."""

IN_TRAINING: tuple[type[Any], ...] = (Training,)
"""Screens that are there only with `CANBAO_TRAINING=1`."""

APIS: tuple[type[Any], ...] = (
    LoginApi,
    OrganisationApi,
    YearsApi,
    ImportsApi,
    MembersApi,
    EnrolmentApi,
    ReviewApi,
    SettlementApi,
    FiguresApi,
    CoverApi,
    DocumentsApi,
    OpenApiDocument,
)
"""Subclasses of `app.api.base.Api`."""


def register_all(app: Flask, appbuilder: AppBuilder) -> None:
    app.before_request(ask_for_what_comes_first)
    app.before_request(ask_first)
    # It changes nothing; and a list that stood open over lunch must still be searchable.
    csrf.exempt("app.views.search.find")
    init_request_metrics(app)
    app.extensions[TIMETABLE_KEY] = Timetable(
        lines=tuple(Line(entry.name, entry.crontab, entry.guards) for entry in TIMETABLE),
        year=tuple(line.name for line in YEAR),
    )
    appbuilder.sm.auth_view = appbuilder.add_view_no_menu(LoginView)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for screen in SCREENS + (IN_TRAINING if app.config["SETTINGS"].training else ()):
        appbuilder.add_view_no_menu(screen)
    for api in APIS:
        appbuilder.add_api(api)
