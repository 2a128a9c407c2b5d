"""The key of the installation is changed while people work, on two instances that change one after the other."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import column, select, text
from sqlalchemy import table as table_of

from crm_web import create_app
from crm_web.core.extensions import db
from crm_web.core.sealing import read
from crm_web.models import Webhook
from tests.auth.test_second_factor import code_of, enter_password
from tests.databases import PASSWORD, OwnDatabase, settings_for
from tests.factories import make_sign_in
from tests.page import Browser
from tests.worker.run import run_worker

OLD, NEW, OTHER = ("old-key-" + "0123456789" * 3, "new-key-" + "0123456789" * 3, "other-key-" + "0123456789" * 3)
Start = Callable[..., Flask]


@pytest.fixture
def start(own_database: OwnDatabase) -> Iterator[Start]:
    """Starts an instance with a key, and others that it reads as well."""
    apps = []

    def start_one(key: str, *fallbacks: str) -> Flask:
        keys = {"secret_key": key, "secret_key_fallbacks": fallbacks}
        apps.append(create_app(settings_for(own_database.name).model_copy(update=keys)))
        return apps[-1]

    yield start_one
    for app in apps:
        with app.app_context():
            db.engine.dispose()


def go_to(app: Flask, browser: Browser) -> Browser:
    """The same browser, where the load balancer sends it to another instance."""
    other = Browser(app)
    other.client._cookies = browser.client._cookies
    return other


def flask(app: Flask, *arguments: str) -> str:
    done = app.test_cli_runner().invoke(args=["secrets", "rotate", *arguments])
    # Behind the line that names the database.
    return f"{done.exit_code} {done.output.partition(chr(10))[2]}"


def test_drill_nobody_is_signed_out_and_the_second_factor_works(own_database: OwnDatabase, start: Start) -> None:
    one = start(OLD)
    with own_database.session() as session:
        ann, token = own_database.find(session, "ann"), make_sign_in(session, own_database.find(session, "ann"))
        browser = Browser(one, token)
        page = browser.get("second_factor.edit_factor")
        form = page.form("second-factor")
        with browser.client.session_transaction() as cookie:
            key = cookie["authenticator_secret"]
        assert form.fill(code=code_of(session, key), current_password=PASSWORD).submit().status == 200
        # First the new key is made known, then it signs; at each step the other instance is a step behind.
        steps = [(start(OLD, NEW), one), (start(NEW, OLD), start(OLD, NEW)), (start(NEW, OLD), start(NEW, OLD))]
        for number, (ahead, behind) in enumerate(steps):
            for here, there in ((ahead, behind), (behind, ahead)):
                form = go_to(here, browser).get("leads.new_lead").form().fill(last_name=f"Lead {number}")
                form.page.browser = go_to(there, browser)
                assert form.submit().status == 303
                assert go_to(there, browser).get("auth.show_account").status == 200
            assert flask(ahead).startswith("0 1 secrets sealed."), flask(ahead)
            for here in (ahead, behind):
                session.execute(text("UPDATE authenticators SET last_step = 0"))
                session.commit()
                asked = enter_password(Browser(here), ann).follow()
                assert asked.form().fill(code=code_of(session, key)).submit().status == 303
        # Without the old key: only now is anybody signed out, and nothing is left that it sealed.
        last = start(NEW)
        session.execute(text("UPDATE authenticators SET last_step = 0"))
        session.commit()
        asked = enter_password(Browser(last), ann).follow()
        assert asked.form().fill(code=code_of(session, key)).submit().status == 303


def test_a_dump_tells_no_secret_once_the_plain_ones_are_dropped(own_database: OwnDatabase, start: Start) -> None:
    app = start(OLD)
    with own_database.session() as session:
        ada = own_database.find(session, "ada")
        session.execute(
            text("INSERT INTO authenticators (employee_id, secret, last_step) VALUES (:id, 'JBSWY3DPEHPK3PXP', 0)"),
            {"id": ada.id},
        )
        browser = Browser(app, make_sign_in(session, ada))
        fields = {"url": "https://hooks.example.com/", "events": "lead.won"}
        assert browser.post("webhooks.create_webhook", fields).status in (200, 303)
        plain, sealed = session.execute(text("SELECT secret, sealed_secret FROM webhooks")).one()
        assert bytes(plain) not in bytes(sealed)
        assert flask(app, "--drop-plain") == "0 2 secrets sealed.\nThose that were not sealed are deleted.\n"
        assert session.scalar(text("SELECT obj_description('alembic_version'::regclass)")) == "071"
        assert browser.post("webhooks.create_webhook", fields).status in (200, 303)
        for table in ("authenticators", "webhooks"):
            assert set(session.scalars(select(column("secret")).select_from(table_of(table)))) == {None}
        with app.app_context():
            assert read(db.session.query(Webhook).order_by(Webhook.id).first()) == bytes(plain)  # type: ignore[arg-type]
            db.session.remove()
    # With a key that nobody knows any more.
    other = start(OTHER)
    assert flask(other).startswith("1 0 secrets sealed.\nError: 3 were sealed with a key that is not in SECRET_KEY")
    run_worker(other)


def test_what_the_release_before_sets_counts(own_database: OwnDatabase, start: Start) -> None:
    app = start(OLD)
    with own_database.session() as session:
        person = {"id": own_database.find(session, "ann").id}
        session.execute(
            text("INSERT INTO authenticators (employee_id, secret, last_step) VALUES (:id, 'AAAA', 0)"), person
        )
        session.commit()
        assert flask(app).startswith("0 1 ")
        session.execute(text("UPDATE authenticators SET secret = 'BBBB', last_step = 1"))
        assert session.scalar(text("SELECT sealed_secret FROM authenticators")) is None
