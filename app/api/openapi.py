"""The OpenAPI document of this API, for programs that want to know before they call."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import current_app, request
from flask_appbuilder.api import BaseApi, expose
from marshmallow import Schema, fields

from app.api.base import PAGE_SIZE_MAX, Api
from app.api.schemas import BODIES, Amount, OneOf
from app.security.needs import public

PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence that says what to do next"},
        "code": {"type": "string", "description": "The rule that said no"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "row": {"type": "integer"},
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
    for path in document["paths"].values():
        for call in path.values():
            _add_problems(call)
    return document


def _add_problems(call: dict[str, Any]) -> None:
    """Every failure is a problem document; a refused token is possible wherever one is asked for."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers = call.setdefault("responses", {})
    if call.get("security") != []:
        answers.setdefault("401", {"description": "No bearer token, or one that is no longer good"})
        answers.setdefault("403", {"description": "The account may not do this"})
    for status, answer in answers.items():
        if str(status)[0] in "45":
            answer.setdefault("content", problem)


def _described(self: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    if isinstance(field, Amount):
        return {"type": "string", "example": "1378.00"}
    if isinstance(field, OneOf):
        return {"type": "string", "enum": [member.value for member in field.kind]}
    return {}


def _name(schema: type[Schema] | Schema) -> str:
    return (schema if isinstance(schema, type) else type(schema)).__name__
