"""The sign of life by which pages that wait for a worker know whether there is one."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from crm_web.core.extensions import db
from crm_web.models import WorkerHeartbeat

BEAT_SECONDS = 10.0


class Heartbeat:
    """Notes that a worker is at work."""

    def run(self) -> bool:
        """Note the present time; there is never more to do."""
        beat = insert(WorkerHeartbeat).values(id=1, seen_at=func.clock_timestamp())
        db.session.execute(beat.on_conflict_do_update(index_elements=["id"], set_={"seen_at": func.clock_timestamp()}))
        return False
