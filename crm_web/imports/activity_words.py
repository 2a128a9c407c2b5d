"""The words of other systems for activities, squashed as in ``crm_web.imports.vocabulary``."""

from collections.abc import Collection

from crm_web.models import ActivityKind, CallOutcome, TaskPriority

HEADERS: dict[str, str] = {
    "external_id": "activityid taskid callid meetingid eventid noteid engagementid recordid id uuid",
    "activity_kind": "activitytype tasksubtype tasktype eventtype engagementtype type kind category",
    "subject": """
        subject activitysubject tasksubject notetitle title tasktitle calltitle meetingname meetingtitle eventname
        callmeetingtitlesubject taskname name summary
    """,
    "description": """
        description notesdescription activitynote activitynotes notebody notecontent note notes body comments comment
        content details detail callnotes meetingnotes tasknotes fulldescription
    """,
    "happened_at": """
        activitydate activitydatetime startdatetime callstarttime meetingstarttime starttime startdate start from date
        happenedat occurredat timestamp activityat
    """,
    "due_on": "duedate taskduedate due deadline dueon duedatetime",
    "done_at": """
        completeddate completedat completeddatetime completiondate
        closedtime doneat completedon actualend markedasdonetime donetime
    """,
    "is_done": "done isdone completed iscompleted isclosed status taskstatus activitystatus",
    "call_outcome": "calloutcome callresult calldisposition callstatus",
    "priority": "priority taskpriority",
    "owner": """
        owner owneremail ownername activityowner taskowner callowner eventowner meetingowner noteowner host assignedto
        assignedtouser assignee createdby user responsibleperson responsibleuser ownedby assignedusername
        ownerid hubspotownerid
    """,
    "email": "associatedcontactemail contactemail email emailaddress personemail",
    "full_name": "contactname contactperson associatedcontact contact who personname",
    "company": "accountname account company companyname organization organizationname organisation associatedcompany",
    "company_domain": "associatedcompanydomain companydomain",
    "deal_name": """
        dealname deal dealtitle opportunity opportunityname potentialname
        associateddeal relatedto regarding linksubjectname relatedtoname
    """,
    "deal_ref": """
        dealid opportunityid potentialid associateddealid associateddealids leadid whatid relatedtoid
        linksubjectid regardingid associatedleadid
        parentidid parentid
    """,
    "contact_ref": "contactid personid associatedcontactid associatedcontactids contactnameid whoid",
    "company_ref": "accountid companyid organizationid associatedcompanyid associatedcompanyids",
    "is_deleted": "isdeleted deleted",
    "created_at": """
        createdate createddate createdtime createdat created createdon datecreated dateentered addtime creationdate
        dateadded
    """,
    "further": """
        meetingoutcome calltype callduration calldurationinseconds callpurpose callagenda duration durationinminutes
        location venue to end enddatetime endtime enddate meetingendtime duetime attendees participants
    """,
}
"""The names of columns by the field that they hold; ``further`` ones have no field and end the text."""

NAMES_OF_ANYTHING = frozenset({"relatedto", "regarding", "linksubjectname", "relatedtoname"})
"""Columns of names that may be those of a deal, a company or a person."""
_START = ("activity", "task", "call", "meeting", "event", "note", "engagement", "hs")
FIELD_OF = {word: (field, rank) for field, line in HEADERS.items() for rank, word in enumerate(line.split())}

_SURE = frozenset(
    {
        "activitytype",
        "tasksubtype",
        "tasktype",
        "activitydone",
        "callstarttime",
        "meetingstarttime",
        "linksubjectid",
    }
)
_SURE_PAIR = frozenset({"notetitle", "notecontent"})
_IDS = frozenset({"activityid", "taskid", "callid", "meetingid", "noteid", "engagementid"})
_BESIDE_SUBJECT = frozenset(
    {
        "duedate",
        "activitydate",
        "activitydatetime",
        "startdatetime",
        "whoid",
        "whatid",
        "relatedto",
        "taskowner",
        "done",
    }
)


_DESCRIBING = frozenset({"title", "description", "summary", "detail", "name"})
_STATES = frozenset({"status", "completed", "completedat", "completeddate", "category", "assignee", "assignedto"})
_NOT_OF_TASKS = frozenset(
    {"amount", "value", "total", "stage", "email", "emailaddress", "firstname", "lastname", "company", "balance"}
)
"""What has a due date, too: a deal, or an invoice."""


def are_activities(keys: Collection[str], *, has_own_id: bool) -> bool:
    """Tell by their headings whether the rows of a file are activities.

    :param keys: the squashed headings
    :param has_own_id: whether the rows have an ID of their own, beside which that of an activity is a reference
    """
    names = set(keys)
    if names & _SURE or names >= _SURE_PAIR or (names & _IDS and not has_own_id):
        return True
    if names & {"duedate", "duetime"} and names & _DESCRIBING and names & _STATES and not names & _NOT_OF_TASKS:
        return True
    return "subject" in names and bool(names & _BESIDE_SUBJECT)


def recognise(key: str) -> tuple[str, int] | None:
    """Find the field of a squashed heading and how well it fits; without its leading word if need be."""
    if key in FIELD_OF:
        return FIELD_OF[key]
    for word in _START:
        rest = key.removeprefix(word)
        if rest != key and rest in FIELD_OF:
            return FIELD_OF[rest][0], FIELD_OF[rest][1] + 100
    return None


KINDS: dict[str, ActivityKind] = {
    word: kind
    for kind, line in {
        ActivityKind.CALL: "call calls phonecall phone anruf appel llamada outgoingcall incomingcall",
        ActivityKind.MEETING: "meeting meetings event appointment demo lunch visit termin besprechung reunion",
        ActivityKind.EMAIL: "email emails mail listemail",
        ActivityKind.TASK: "task tasks todo deadline followup reminder aufgabe tache tarea",
        ActivityKind.NOTE: "note notes comment notiz nota",
    }.items()
    for word in line.split()
}
OUTCOMES: dict[str, CallOutcome] = {
    word: outcome
    for outcome, line in {
        CallOutcome.REACHED: "reached connected answered completed spoke interested",
        CallOutcome.NO_ANSWER: "noanswer notanswered missed unanswered noresponse",
        CallOutcome.LEFT_MESSAGE: "leftmessage leftvoicemail leftlivemessage voicemail leftamessage",
        CallOutcome.BUSY: "busy linebusy",
    }.items()
    for word in line.split()
}
PRIORITIES: dict[str, TaskPriority | None] = {
    **dict.fromkeys(("high", "highest", "urgent"), TaskPriority.HIGH),
    **dict.fromkeys(("low", "lowest"), TaskPriority.LOW),
    **dict.fromkeys(("normal", "medium", "none"), None),
}
DONE = frozenset(
    {"completed", "done", "closed", "complete", "finished", "held", "erledigt", "1", "true", "yes", "y", "x"}
)
NOT_DONE = frozenset({"notstarted", "open", "planned", "todo", "scheduled", "0", "false", "no", "n"})
