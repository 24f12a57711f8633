"""Reviewers' decisions about batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_appbuilder.api import expose

from app.api.answers import problem_of
from app.api.base import Api
from app.api.enrolment import batch_with_events
from app.api.schemas import IdsBody, ReasonBody
from app.clock import now
from app.security.actor import current_actor
from app.security.needs import needs
from app.security.roles import Permission
from app.services.review import Decision, approve_batches, return_batch, unapprove_batches
from app.transaction import transaction


class ReviewApi(Api):
    @expose("/enrolment/batches/approve", methods=["POST"])
    @needs(Permission.REVIEW)
    def approve_many(self) -> Any:
        """Approve many batches, each by itself
        ---
        post:
          summary: Approve many batches, each by itself
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/IdsBody'}
          responses:
            200: {description: 'Per id: ok, or the problem'}
        """
        ids = self.body(IdsBody)["ids"]
        with transaction() as session:
            decisions = approve_batches(session, current_actor(), batch_ids=ids, now=now())
        result = [
            {"id": each.batch_id, "ok": each.problem is None}
            | ({} if each.problem is None else {"problem": problem_of(each.problem)})
            for each in decisions
        ]
        return self.rows(result, len(result))

    @expose("/enrolment/batches/<int:batch_id>/approve", methods=["POST"])
    @needs(Permission.REVIEW)
    def approve(self, batch_id: int) -> Any:
        """Approve a batch
        ---
        post:
          summary: 添加至待提交
          parameters:
          - batch_id
          responses:
            200: {description: The batch}
            409: {description: 'Somebody was first; the sentence says who and when'}
        """
        return self._decide(approve_batches, batch_id)

    @expose("/enrolment/batches/<int:batch_id>/unapprove", methods=["POST"])
    @needs(Permission.REVIEW)
    def unapprove(self, batch_id: int) -> Any:
        """Take a batch off the submission list
        ---
        post:
          summary: 移除 from the submission list
          parameters:
          - batch_id
          responses:
            200: {description: The batch}
            409: {description: 'Somebody was first; the sentence says who and when'}
        """
        return self._decide(unapprove_batches, batch_id)

    @expose("/enrolment/batches/<int:batch_id>/return", methods=["POST"])
    @needs(Permission.REVIEW)
    def return_(self, batch_id: int) -> Any:
        """Return a batch to its union
        ---
        post:
          summary: 退回 with a reason
          parameters:
          - batch_id
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/ReasonBody'}
          responses:
            200: {description: The batch}
            409: {description: 'Somebody was first; the sentence says who and when'}
        """
        sent = self.body(ReasonBody)
        with transaction() as session:
            return_batch(session, current_actor(), batch_id=batch_id, now=now(), **sent)
            session.flush()
            return self.answer(200, batch_with_events(session, current_actor(), batch_id))

    def _decide(self, verb: Callable[..., list[Decision]], batch_id: int) -> Any:
        """The batch after ``verb``, a verb on many that is asked of one; raises its problem."""
        with transaction() as session:
            (decision,) = verb(session, current_actor(), batch_ids=[batch_id], now=now())
            if decision.problem is not None:
                raise decision.problem
            return self.answer(200, batch_with_events(session, current_actor(), batch_id))
