"""What a user or a program sees when something can't be done."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app.database import is_away
from app.log import log, request_id
from app.rules.violations import RuleViolation
from app.security.access_log import form_refused, turned_away
from app.security.actor import NotSignedIn
from app.security.needs import API_PREFIX

HTTP_SENTENCES: dict[int, tuple[str, Any]] = {
    400: ("malformed", lazy_gettext("The request can't be read. Please check what was sent.")),
    401: ("not_signed_in", lazy_gettext("Please sign in first.")),
    403: ("not_allowed", lazy_gettext("Your account may not do this.")),
    404: ("not_found", lazy_gettext("There is nothing here, or it isn't yours to see.")),
    405: ("method_not_allowed", lazy_gettext("This address can't be used in this way.")),
    413: ("too_large", lazy_gettext("The file is too large. Please choose a smaller one.")),
    415: ("unsupported_type", lazy_gettext("This kind of content isn't accepted here.")),
    429: ("too_many_requests", lazy_gettext("Too many requests. Please wait a little and try again.")),
}
DATABASE_AWAY = (
    "database_away",
    lazy_gettext(
        "The database doesn't answer at the moment. Please wait a minute, look whether your last step was saved,"
        " and repeat it if it wasn't."
    ),
)
UNEXPECTED = (
    "unexpected",
    lazy_gettext("Something went wrong on our side. Nothing was changed by this step; please try again."),
)
FORM_EXPIRED = (
    "form_expired",
    lazy_gettext("This page was open for too long. Please go back, reload it and send it again."),
)

SECONDS_TO_COME_BACK = 5
SECONDS_TO_SLOW_DOWN = 60
LARGEST_DROPPED = 200 * 1024 * 1024


def init_errors(app: Flask) -> None:
    """Register one handler per kind of failure, for screens and the API alike."""
    app.register_error_handler(RuleViolation, refuse)
    app.register_error_handler(NotSignedIn, ask_to_sign_in)
    app.register_error_handler(CSRFError, refuse_form)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unexpected)
    tokens = app.extensions["flask-jwt-extended"]
    for loader in ("unauthorized_loader", "invalid_token_loader"):
        getattr(tokens, loader)(lambda reason: answer(401, *HTTP_SENTENCES[401]))
    for loader in ("expired_token_loader", "user_lookup_error_loader", "revoked_token_loader"):
        getattr(tokens, loader)(lambda header, payload: answer(401, *HTTP_SENTENCES[401]))


def refuse(violation: RuleViolation) -> Any:
    """A rule said no and the view didn't catch it."""
    from app.sentences import sentence

    turned_away(violation)
    detail = sentence(violation.code, **violation.facts)
    errors = [
        {
            "row": violation.facts.get("row"),
            "column": violation.field,
            "code": violation.code,
            "message": detail,
        }
    ]
    return answer(violation.status, violation.code, detail, errors if violation.field else None)


def refuse_form(_: CSRFError) -> Any:
    form_refused()
    return answer(400, *FORM_EXPIRED)


def ask_to_sign_in(_: NotSignedIn) -> Any:
    if request.path.startswith(API_PREFIX):
        return answer(401, *HTTP_SENTENCES[401])
    wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("LoginView.login", next=wanted or None))


def http_error(error: HTTPException) -> Any:
    if error.response is not None or (error.code or 500) < 400:
        return error
    status = error.code or 500
    if status >= 500:
        log.error("http_error", status=status, error=str(error))
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        _drop_body()
    code, detail = HTTP_SENTENCES.get(status, UNEXPECTED if status >= 500 else HTTP_SENTENCES[400])
    return answer(status, code, detail)


def _drop_body() -> None:
    """Read on what is refused: whoever still sends loses the connection, and never reads why."""
    left = min(request.content_length or 0, LARGEST_DROPPED)
    while left > 0 and (block := request.environ["wsgi.input"].read(min(left, 64 * 1024))):
        left -= len(block)


def unexpected(error: Exception) -> Any:
    if is_away(error):
        return database_away(error)
    log.error("unexpected_error", path=request.path, exc_info=error)
    return answer(500, *UNEXPECTED)


def database_away(error: Exception) -> Any:
    """Whether the step was saved nobody knows: the connection may have been lost after its commit."""
    log.error("database_away", path=request.path, error=str(error).partition("\n")[0])
    response = make_response(answer(503, *DATABASE_AWAY))
    response.headers["Retry-After"] = str(SECONDS_TO_COME_BACK)
    return response


def asked_too_often() -> Response:
    """A page without a frame: whoever floods the place costs it no statement."""
    status, (code, detail) = HTTPStatus.TOO_MANY_REQUESTS, HTTP_SENTENCES[429]
    if request.path.startswith(API_PREFIX):
        response = problem(status, code, str(detail))
    else:
        title = gettext("This didn't work")
        facts = {"status": status.value, "code": code, "title": title, "detail": detail}
        response = make_response(_plain_page(facts | {"request_id": request_id()}), status)
    response.headers["Retry-After"] = str(SECONDS_TO_SLOW_DOWN)
    return response


def answer(
    status: int, code: str, detail: Any, errors: list[dict[str, Any]] | None = None
) -> Response | tuple[Any, int]:
    """The failure in the caller's language: problem+json under `/api/`, else a page."""
    if request.path.startswith(API_PREFIX):
        return problem(status, code, str(detail), errors)
    title = gettext("This didn't work") if status < 500 else gettext("An error on our side")
    facts = {"status": status, "code": code, "title": title, "detail": detail, "request_id": request_id()}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return _plain_page(facts), status
    try:
        return render_template(
            [f"errors/{status}.html", "errors/error.html", "errors/plain.html"], **facts
        ), status
    except Exception as broken:
        log.error("error_page_broken", exc_info=broken)
        return _plain_page(facts), status


def _plain_page(facts: dict[str, Any]) -> str:
    """A page without a frame: nobody is asked who is signed in, which the database would have to know."""
    return current_app.jinja_env.get_template("errors/plain.html").render(facts)


def problem(status: int, code: str, detail: str, errors: list[dict[str, Any]] | None = None) -> Response:
    """An `application/problem+json` answer (RFC 9457) as `api.md` describes it."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id(),
    }
    if errors is not None:
        body["errors"] = errors
    response = jsonify(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response
