"""What a Flask developer would pick instead: Flask-Admin on the very same tables, set up as its manual says."""

from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_admin.contrib.sqla.filters import FilterEqual

from crm_web.core.config import load_settings
from crm_web.core.extensions import db
from crm_web.models import Lead

SHOWN = ("name", "company", "status", "amount", "currency", "source", "owner", "expected_close_on", "updated_at")


class LeadView(ModelView):  # type: ignore[misc]
    """The same columns a page, the same fifty rows, the same words to search by."""

    column_list = SHOWN
    column_default_sort = ("updated_at", True)
    column_searchable_list = ("first_name", "last_name", "company", "email")
    # By name it would not know a column of words; what it is told to compare it compares.
    column_filters = (FilterEqual(Lead.owner_id, "Owner"), FilterEqual(Lead.status, "Status"))
    form_columns = (
        "first_name",
        "last_name",
        "company",
        "email",
        "phone",
        "website",
        "city",
        "next_step",
        "description",
    )
    page_size = 50
    can_view_details = True


def create_app() -> Flask:
    """Put Flask-Admin on the database of the environment.

    :return: the application
    """
    app = Flask("bench_admin")
    app.config.from_mapping(load_settings().flask_config())
    db.init_app(app)
    admin = Admin(app, name="Leads")
    admin.add_view(LeadView(Lead, db, endpoint="lead", url="/admin/lead"))
    return app


app = create_app()
