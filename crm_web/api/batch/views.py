"""Batches of changes in one API request."""

from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint
from crm_web.api.batch import runner
from crm_web.api.batch.schemas import BatchMode, LeadBatch, LeadBatchAnswer
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import read_body, replay_response, show, store_response
from crm_web.auth.permissions import Action, allowed
from crm_web.core.extensions import db


@blueprint.post("/api/v1/leads/batch")
@allowed(Action.CHANGE_OWN)
@describe(
    "Change many leads",
    "leads",
    body=LeadBatch,
    answers={200: LeadBatchAnswer},
    refuses={409: "An item failed, so nothing was changed. See errors."},
    is_once=True,
)
def change_many_leads() -> ResponseReturnValue:
    """Applies the items in order, each as its own endpoint would. With mode all, the first failure ends the batch
    and nothing is changed. With mode each, the answer is 200 and has the status of each item, with its lead or problem.
    """
    if answer := replay_response():
        return answer
    sent = read_body(LeadBatch)
    do = runner.run_atomic if sent.mode is BatchMode.ALL else runner.run_independent
    try:
        results = do(sent.items, by=current_user)
    except runner.BatchRefused as error:
        db.session.rollback()
        return error.refusal.to_response()
    answer = store_response(show(LeadBatchAnswer, {"results": results}))
    db.session.commit()
    return answer
