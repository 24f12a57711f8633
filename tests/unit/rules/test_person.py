import pytest

from app.rules.members import IdType
from app.rules.person import candidate_documents, person_key

SECRET = b"a secret of thirty-two bytes, ok"


def test_a_permit_counts_without_its_renewals():
    once = person_key(IdType.HONG_KONG_MACAO_PERMIT, "H12345678", SECRET)
    renewed = person_key(IdType.HONG_KONG_MACAO_PERMIT, "H1234567802", SECRET)
    assert once == renewed and len(once) == 32


def test_the_same_number_on_another_document_is_another_person():
    assert person_key(IdType.PASSPORT, "12345678", SECRET) != person_key(
        IdType.TAIWAN_PERMIT, "12345678", SECRET
    )


def test_the_key_depends_on_the_secret():
    assert person_key(IdType.PASSPORT, "E12345678", SECRET) != person_key(
        IdType.PASSPORT, "E12345678", b"another"
    )


@pytest.mark.parametrize(
    ("number", "types"),
    [
        ("11010519491231002X", {IdType.RESIDENT_ID}),
        ("810000199001010011", {IdType.RESIDENCE_PERMIT}),
        ("911840199001010011", {IdType.FOREIGN_PERMANENT_RESIDENT}),
        ("USA310199001011", {IdType.FOREIGN_PERMANENT_RESIDENT, IdType.PASSPORT}),
        ("H12345678", {IdType.HONG_KONG_MACAO_PERMIT, IdType.PASSPORT}),
        ("12345678", {IdType.TAIWAN_PERMIT, IdType.PASSPORT}),
        ("E12345678", {IdType.PASSPORT}),
        ("?", set()),
    ],
)
def test_a_number_without_a_type_may_be_every_document_of_its_shape(number, types):
    assert {id_type for id_type, _ in candidate_documents(number)} == types
