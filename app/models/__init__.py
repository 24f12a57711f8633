"""All tables, imported once so that relations and metadata are whole."""

from app.models.accounts import Account
from app.models.announcements import Announcement, AnnouncementFile, AnnouncementRead
from app.models.audit import AuditEntry, AuditLink
from app.models.dictionary import ReasonCode, ReasonKind
from app.models.documents import Notice, NoticeKind, NoticeVersion, StoredFile
from app.models.enrolment import Enrolment, EnrolmentBatch, PlanChoice
from app.models.events import Event, EventObject
from app.models.exports import ExportPart, ExportProgress, ExportRun
from app.models.fees import FeeSetting, FeeSplit
from app.models.figures import DailyFigure, FigureDay, MemberCount, MemberCountChange, PlaceFigures
from app.models.imports import ImportError, ImportProgress, ImportRow, ImportRun
from app.models.invitations import Invitation, Mail, RoleHolding
from app.models.members import EnrolmentConfirmation, EnrolmentExclusion, Member, RetirementKeep
from app.models.messages import Message, MutedKind
from app.models.organisation import Employer, Union
from app.models.payments import GrassrootsPayment
from app.models.personal_data import ErasureRequest, MemberCorrection
from app.models.progress import ProgressReminder
from app.models.requests import IdempotencyKey
from app.models.schedule import SchedulerPause, SchedulerRun
from app.models.settlement import DistrictBatch, DistrictBatchPlan, PaymentVoucher
from app.models.sign_in import (
    AccountSession,
    RecoveryCode,
    SecondFactorKey,
    SignInFailure,
    UsedCaptcha,
    UsedPassword,
)
from app.models.training import TrainingClock
from app.models.transfers import MemberTransfer
from app.models.working_days import WorkingDay
from app.models.years import Plan, ProtectionWindow, ProtectionYear, WindowExtension, YearPlan

__all__ = [
    "Account",
    "Announcement",
    "AnnouncementFile",
    "AnnouncementRead",
    "AuditEntry",
    "AuditLink",
    "AccountSession",
    "DailyFigure",
    "DistrictBatch",
    "DistrictBatchPlan",
    "Employer",
    "Enrolment",
    "EnrolmentBatch",
    "EnrolmentConfirmation",
    "EnrolmentExclusion",
    "ErasureRequest",
    "Event",
    "EventObject",
    "ExportPart",
    "ExportProgress",
    "ExportRun",
    "FeeSetting",
    "FeeSplit",
    "FigureDay",
    "GrassrootsPayment",
    "IdempotencyKey",
    "ImportError",
    "ImportProgress",
    "ImportRow",
    "ImportRun",
    "Invitation",
    "Mail",
    "Member",
    "MemberCorrection",
    "MemberCount",
    "MemberCountChange",
    "MemberTransfer",
    "Message",
    "MutedKind",
    "Notice",
    "NoticeKind",
    "NoticeVersion",
    "PaymentVoucher",
    "PlaceFigures",
    "Plan",
    "PlanChoice",
    "ProgressReminder",
    "ProtectionWindow",
    "ProtectionYear",
    "ReasonCode",
    "ReasonKind",
    "RecoveryCode",
    "RetirementKeep",
    "RoleHolding",
    "SchedulerPause",
    "SchedulerRun",
    "SecondFactorKey",
    "SignInFailure",
    "StoredFile",
    "TrainingClock",
    "Union",
    "UsedCaptcha",
    "UsedPassword",
    "WindowExtension",
    "WorkingDay",
    "YearPlan",
]
