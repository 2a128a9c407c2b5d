"""The pages on which administrators keep templates of emails."""

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.emails import blueprint
from crm_web.emails.templates import operations, queries
from crm_web.emails.templates.forms import ChangeTemplateForm, NewTemplateForm
from crm_web.models import MailTemplate
from crm_web.web.form_fields import show_refusal, stored_values
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable


@blueprint.get("/emails/templates")
@allowed(Action.KEEP_MAIL)
def list_templates() -> str:
    return render_template("emails/list_templates.html", templates=queries.list_templates())


@blueprint.get("/emails/templates/new")
@allowed(Action.KEEP_MAIL)
def new_template() -> str:
    return _form_page(NewTemplateForm())


@blueprint.post("/emails/templates/new")
@allowed(Action.KEEP_MAIL)
@refillable()
def create_template() -> ResponseReturnValue:
    form = NewTemplateForm()
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _form_page(form), 422
    template = operations.create_template(stored_values(form), by=current_user)
    answer = store_response(form, f"Template {template.name} created.", url_for(".list_templates"))
    db.session.commit()
    return answer.give()


@blueprint.get("/emails/templates/<int:template_id>/edit")
@allowed(Action.KEEP_MAIL)
def edit_template(template_id: int) -> str:
    template = _template_or_404(template_id)
    return _form_page(ChangeTemplateForm(obj=template), template)


@blueprint.post("/emails/templates/<int:template_id>/edit")
@allowed(Action.KEEP_MAIL)
@refillable()
def change_template(template_id: int) -> ResponseReturnValue:
    template = _template_or_404(template_id)
    form = ChangeTemplateForm(obj=template)
    if not form.validate():
        return _form_page(form, template), 422
    version = int(form.version.data or 0)
    try:
        operations.change_template(template, stored_values(form), version=version, by=current_user)
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _form_page(form, template), 422
    answer = Answer(f"Template {template.name} saved.", url_for(".list_templates"))
    db.session.commit()
    return answer.give()


def _form_page(form: NewTemplateForm | ChangeTemplateForm, template: MailTemplate | None = None) -> str:
    return render_template("emails/edit_template.html", form=form, template=template)


@blueprint.post("/emails/templates/<int:template_id>/delete")
@allowed(Action.KEEP_MAIL)
def delete_template(template_id: int) -> ResponseReturnValue:
    template = _template_or_404(template_id)
    answer = Answer(f"Template {template.name} deleted.", url_for(".list_templates"))
    operations.delete_template(template)
    db.session.commit()
    return answer.give()


def _template_or_404(template_id: int) -> MailTemplate:
    return queries.get_template(template_id) or abort(404)
