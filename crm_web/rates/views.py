"""The pages of exchange rates, for admins."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import RateSource
from crm_web.rates import blueprint, operations, queries
from crm_web.rates.files import LARGEST_FILE, read_rates
from crm_web.rates.forms import RateForm, RatesFileForm
from crm_web.web.country_names import list_currencies
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer
from crm_web.web.refills import refillable
from crm_web.web.template_filters import current_user_locale, date, plural, rate, today


@blueprint.get("")
@allowed(Action.KEEP_RATES)
def list_rates() -> str:
    return render_template("rates/list_rates.html", rates=queries.list_rates(), labels=dict(list_currencies()))


@blueprint.get("/edit")
@allowed(Action.KEEP_RATES)
def edit_rate() -> str:
    known = queries.find_rate(request.args.get("currency", ""))
    values = {"currency": known.currency, "per_euro": known.per_euro} if known else {}
    return _edit_page(RateForm(data=values | {"valid_on": today()}))


@blueprint.post("/edit")
@allowed(Action.KEEP_RATES)
@refillable()
def change_rate() -> ResponseReturnValue:
    form = RateForm(data={})
    if not form.validate():
        return _edit_page(form), 422
    currency, per_euro = form.currency.data, form.per_euro.data
    try:
        rates = {currency: per_euro}
        operations.save_rates(rates, form.valid_on.data, source=RateSource.MANUAL, by=current_user)
    except DomainError as error:
        show_refusal(form, error)
        return _edit_page(form), 422
    text = rate(per_euro, user_locale=current_user_locale())
    answer = Answer(f"Rate of {currency} saved: one euro is {text}.", url_for(".list_rates"))
    db.session.commit()
    return answer.give()


def _edit_page(form: RateForm) -> str:
    return render_template("rates/edit_rate.html", form=form)


@blueprint.get("/upload")
@allowed(Action.KEEP_RATES)
def choose_file() -> str:
    return _upload_page(RatesFileForm())


@blueprint.post("/upload")
@allowed(Action.KEEP_RATES)
@refillable()
def upload_file() -> ResponseReturnValue:
    form = RatesFileForm()
    if not form.validate():
        return _upload_page(form), 422
    try:
        ((stream, _),) = form.file.list_files()
        read = read_rates(stream.read(LARGEST_FILE))
        operations.save_rates(read.per_euro, read.valid_on, source=RateSource.FILE, by=current_user)
    except DomainError as error:
        form.file.errors = [error.message]
        return _upload_page(form), 422
    reader = current_user_locale()
    count, day = plural(len(read.per_euro), "rate", user_locale=reader), date(read.valid_on, user_locale=reader)
    answer = Answer(f"{count} of {day} saved.", url_for(".list_rates"))
    db.session.commit()
    return answer.give()


def _upload_page(form: RatesFileForm) -> str:
    return render_template("rates/upload_file.html", form=form)
