"""The application."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import get_locale
from werkzeug.middleware.proxy_fix import ProxyFix

from config import ConfigError, Login, Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
LARGEST_UPLOAD = 30 * 1024 * 1024
LARGEST_FORM = 2 * 1024 * 1024
"""Fields without files: the ticks of a union of 50,000 members are half a megabyte."""


def create_app(settings: Settings | None = None, login: Login = Login.APPLICATION) -> Flask:
    """The application for these settings (by default the environment's), connected as this role.

    Starts or joins the embedded server when the settings name no database; migrations and
    roles are `run.py`'s part.
    """
    import app.kept_plans  # noqa: F401  (makes every connection)
    import app.lost_connections  # noqa: F401  (listens to every pool)
    import app.models  # noqa: F401  (relations find each other by name)
    from app.addresses import RememberingFlask, RowNumber
    from app.clock import train
    from app.commands import canbao
    from app.database import CONNECT_ARGUMENTS
    from app.database_roles import addresses
    from app.errors import init_errors
    from app.extensions import csrf, db, migrate
    from app.gateways.clamd import Clamd
    from app.log import configure_logging, init_request_log
    from app.page_environment import PageEnvironment
    from app.readable import ReadableRequest, ReadableWord
    from app.registry import INDEX, register_all
    from app.replica import init_replica
    from app.request_limits import init_request_limits
    from app.sealing import KeyRing
    from app.security.access_log import init_access_log
    from app.security.headers import init_headers
    from app.security.manager import AccountSecurity
    from app.templating import install
    from app.training import look_in
    from app.wording import install_words

    settings = settings or load_settings()
    places = addresses(settings)
    if not places.of(login):
        raise ConfigError(f"CANBAO_DATABASE_URL or CANBAO_{login.value.upper()}_DATABASE_URL is required.")
    configure_logging()
    train(look_in(places.of(login)) if settings.training else None)
    application = RememberingFlask(__name__)
    application.request_class = ReadableRequest
    application.jinja_environment = PageEnvironment
    application.url_map.converters.update(int=RowNumber, default=ReadableWord, string=ReadableWord)
    application.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        PERSON_SECRET=settings.person_secret,
        KEY_RING=KeyRing(settings.sealing_keys),
        SCANNER=Clamd(settings.clamd) if settings.clamd else None,
        DATABASE_LOGIN=login,
        APPLICATION_ROLE=places.role(Login.APPLICATION),
        SQLALCHEMY_DATABASE_URI=places.of(login),
        SQLALCHEMY_ENGINE_OPTIONS={"connect_args": CONNECT_ARGUMENTS},
        MAX_CONTENT_LENGTH=LARGEST_UPLOAD,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        # The prefix makes browsers refuse the cookie from anything but this host over https.
        SESSION_COOKIE_NAME="__Host-canbao" if settings.https else "canbao",
        SESSION_COOKIE_PATH="/",
        PREFERRED_URL_SCHEME="https" if settings.https else "http",
        JWT_SECRET_KEY=sha256(b"bearer tokens:" + settings.secret_key.encode()).hexdigest(),
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=settings.token_minutes),
        JWT_TOKEN_LOCATION=["headers"],
        APP_NAME="参保通 Canbao",
        LANGUAGES={
            "zh_Hans_CN": {"flag": "cn", "name": "中文"},
            "en": {"flag": "gb", "name": "English"},
        },
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
        FAB_ADD_MENU_API=False,
        FAB_ADD_OPENAPI_VIEWS=False,
        FAB_CREATE_DB=False,
        FAB_UPDATE_PERMS=False,
        FAB_API_MAX_PAGE_SIZE=200,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        application.wsgi_app = ProxyFix(application.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    db.init_app(application)
    migrate.init_app(application, db, directory=str(ROOT / "migrations"))
    csrf.init_app(application)
    application.jinja_env.globals["get_locale"] = get_locale
    install(application)
    init_headers(application)
    init_request_log(application)
    init_request_limits(application, settings.requests_a_minute)
    init_access_log(application)
    with application.app_context():
        appbuilder = AppBuilder(security_manager_class=AccountSecurity, indexview=INDEX)
        appbuilder.init_app(application, db.session)
        register_all(application, appbuilder)
    install_words(application)
    init_errors(application)
    if settings.replica_url:
        init_replica(
            application, places.standby(login, settings.replica_url), settings.replica_seconds_behind
        )
    application.cli.add_command(canbao)
    return application
