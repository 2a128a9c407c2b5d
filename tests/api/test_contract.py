"""What the document says is what the API does: Schemathesis sends whatever it allows and whatever it forbids."""

import os

import pytest

from crm_web.api.docs.openapi import build_document
from tests.api.contract import look_at
from tests.databases import OwnDatabase
from tests.factories import make_contact, make_customer, make_lead, make_token

# make check sends a few hundred requests; SCHEMATHESIS_CASES=20000 SCHEMATHESIS_EXAMPLES=100 looks harder, and
# another SCHEMATHESIS_SEED elsewhere.
CASES = int(os.environ.get("SCHEMATHESIS_CASES", "240"))
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
SEED = int(os.environ.get("SCHEMATHESIS_SEED", "1"))


@pytest.mark.slow
@pytest.mark.timeout(CASES + 600)
@pytest.mark.parametrize("first_name", ["ada", "ann", "vera"])
def test_the_api_does_what_the_document_says(own_database: OwnDatabase, first_name: str) -> None:
    with own_database.session() as session:
        employee = own_database.find(session, first_name)
        seller = own_database.find(session, "ann")
        for _ in range(3):
            customer = make_customer(session, owner_id=seller.id)
            make_contact(session, customer)
            make_lead(session, owner_id=seller.id)
        secret = make_token(session, employee)
    paths = build_document(own_database.app)["paths"]
    everything = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    look = look_at(own_database, secret, everything, cases=CASES, examples=EXAMPLES, seed=SEED)
    # Seen with -s: how hard it looked.
    print(f"{first_name}, seed {SEED}: {look.cases:,} cases, {look.checks:,} checks")  # noqa: T201
    assert look.failures == [], "\n\n".join(look.failures[:20])
    assert look.checks > 5 * CASES
    assert everything <= look.operations
