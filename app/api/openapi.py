"""The OpenAPI document of this API, for programs that want to know before they call."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import current_app, request
from flask_appbuilder.api import BaseApi, expose
from marshmallow import Schema, fields

from app.api.answer_schemas import ANSWERED, ANSWERS
from app.api.base import PAGE_SIZE_MAX, Api
from app.api.schemas import BODIES, Amount, OneOf
from app.security.needs import public

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence that says what to do next"},
        "code": {"type": "string", "description": "The rule that said no"},
        "request_id": {"type": "string", "description": "Names the request in the log"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "row": {"type": "integer", "nullable": True},
                    "column": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}

WORKBOOK = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}
IDENTIFIERS = ("year", "batch_id", "import_id", "voucher_id")
"""Whole numbers in the paths."""


class OpenApiDocument(Api):
    @expose("/_openapi", methods=["GET"])
    @public
    def document(self) -> Any:
        """This document
        ---
        get:
          summary: This document
          security: []
          responses:
            200: {description: The OpenAPI document}
        """
        return self.answer(200, describe())


def describe() -> dict[str, Any]:
    """Every registered call, the schemas of bodies, the bearer scheme and the shape of problems."""
    bodies = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Canbao 参保通",
        version="v1",
        openapi_version="3.0.3",
        info={"description": "Enrolment of union members into the yearly protection plan."},
        servers=[{"url": request.host_url.rstrip("/")}],
        security=[{"bearer": []}],
        plugins=[bodies],
    )
    assert bodies.converter is not None
    bodies.converter.add_attribute_function(_described)
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.schema("Problem", PROBLEM)
    spec.components.schema("Workbook", WORKBOOK)
    for name, shape in ANSWERS.items():
        spec.components.schema(name, shape)
    for name in IDENTIFIERS:
        spec.components.parameter(name, "path", {"required": True, "schema": {"type": "integer"}})
    spec.components.parameter("Idempotency-Key", "header", {"schema": {"type": "string"}})
    spec.components.parameter("after", "query", {"schema": {"type": "string"}})
    spec.components.parameter(
        "page_size", "query", {"schema": {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX}}
    )
    for body in BODIES:
        spec.components.schema(body.__name__, schema=body)
    for api in current_app.extensions["appbuilder"].baseviews:
        if isinstance(api, BaseApi) and api.version == "v1":
            api.add_api_spec(spec)
    document = spec.to_dict()
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            _add_answer(method, path, call)
            _add_problems(call)
    return document


def _add_answer(method: str, path: str, call: dict[str, Any]) -> None:
    """What a success holds, where the call's own description doesn't say."""
    told = ANSWERED.get((method, path))
    for status, answer in call["responses"].items():
        if str(status)[0] == "2" and told is not None:
            binary = {"schema": {"type": "string", "format": "binary"}}
            content = {told: binary} if isinstance(told, str) else {"application/json": {"schema": told}}
            answer.setdefault("content", content)


def _add_problems(call: dict[str, Any]) -> None:
    """Every failure is a problem document; what may happen to any call of its kind is said here once."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers = call.setdefault("responses", {})
    sent = call.get("requestBody", {}).get("content", {})
    if call.get("security") != []:
        answers.setdefault("401", {"description": "No bearer token, or one that is no longer good"})
        answers.setdefault("403", {"description": "The account may not do this"})
    if sent or call.get("parameters"):
        answers.setdefault(
            "400", {"description": "A field or a part of the address can't be read; errors names it"}
        )
        answers.setdefault(
            "404", {"description": "Something named isn't there, or not for the caller to see"}
        )
        answers.setdefault("422", {"description": "A rule says no; code names it"})
    if sent or any(each.get("name") == "Idempotency-Key" for each in _parameters(call)):
        answers.setdefault(
            "409", {"description": "Changed meanwhile, or the Idempotency-Key came with another body"}
        )
        answers.setdefault("413", {"description": "Too large"})
    if "multipart/form-data" in sent:
        answers.setdefault("415", {"description": "A file of another kind"})
        answers.setdefault("503", {"description": "The virus scanner doesn't answer; send it again later"})
    for status, answer in answers.items():
        if str(status)[0] in "45":
            answer.setdefault("content", problem)


def _parameters(call: dict[str, Any]) -> list[dict[str, Any]]:
    """The call's parameters; one that stands among the components by its name."""
    told = call.get("parameters", [])
    return [{"name": each["$ref"].rpartition("/")[2]} if "$ref" in each else each for each in told]


def _described(self: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    if isinstance(field, Amount):
        return {"type": "string", "example": "1378.00"}
    if isinstance(field, OneOf):
        return {"type": "string", "enum": [member.value for member in field.kind]}
    return {}


def _name(schema: type[Schema] | Schema) -> str:
    return (schema if isinstance(schema, type) else type(schema)).__name__
