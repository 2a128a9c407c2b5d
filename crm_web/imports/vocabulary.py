"""The words of other systems: what their columns, stages and reasons are called, and what each means here.

Everything is looked up "squashed": in small letters, without blanks and punctuation, so that ``Close Date``,
``close_date`` and ``CLOSEDATE`` are one. The order of the words of a field is the order of preference.
"""

import functools
import re
import unicodedata

from crm_web.leads.spec import LEADS
from crm_web.models import LeadStatus, LostReason, Rating

ZONE = re.compile(r" ?\((?:GMT|UTC)([+-]?\d{1,2}):?(\d\d)?\)$")
"""What may follow the name of a column of times."""


@functools.lru_cache(maxsize=4096)
def squash(text: str) -> str:
    """Reduce a name of a column or a stage to what every spelling of it shares.

    :param text: such as ``Email 1 - Value``
    :return: such as ``email1value``
    """
    plain = unicodedata.normalize("NFKD", ZONE.sub("", text.strip())).casefold()
    return "".join(filter(str.isalnum, plain))


HEADERS: dict[str, str] = {
    **{column.key: squash(column.label) for column in LEADS.plain},
    "external_id": """
        mqlid leadid opportunityid dealid potentialid prospectid contactid personid enquiryid inquiryid
        dealpipedrivesystemid
        leadpipedrivesystemid personpipedrivesystemid pipedrivesystemid recordid externalid recid id uuid guid
        companyid organizationid customerid clientid sellerid accountid leadnumber leadno
    """,
    "salutation": "salutation nameprefix prefix honorific courtesytitle anrede civilite tratamiento",
    "first_name": "firstname givenname forename fname first contactfirstname vorname prenom nombre",
    "last_name": "lastname familyname surname lname last contactlastname nachname nomdefamille apellidos apellido",
    "full_name": """
        fullname contactname contactperson personname displayname associatedcontact leadname prospectname fileas
        contact ansprechpartner
    """,
    "job_title": "jobtitle organizationtitle organization1title position designation jobposition funktion poste cargo",
    "company": """
        company companyname organization organisation organizationname organisationname organization1name account
        accountname associatedcompany primaryassociatedcompany business businessname employer client clientname
        customer customername sitename firma unternehmen societe empresa
    """,
    "email": """
        email emailaddress workemail emailwork businessemail primaryemail emailprimary email1 email1value
        email1address contactemail associatedcontactemail mail emailid homeemail emailhome personalemail otheremail
        emailother secondaryemail email2 email2value email2address email3 email3value email3address
        email4value correo courriel
    """,
    "phone": """
        phone phonenumber telephone telephonenumber businessphone workphone phonework officephone companymainphone
        primaryphone contactphone contactphonenumber phone1 phone1value phoneno tel landline phone2value phone3value
        phone2 phone3 phone4value phone5value phone6value phone7value homephone phonehome otherphone phoneother
        businessphone2 homephone2 telefon telefonnummer telefono
    """,
    "mobile": """
        mobile mobilephone mobilenumber mobilephonenumber cell cellphone phonemobile homemobile workmobile handy mobil
        movil portable
    """,
    "website": """
        website websiteurl webpage webpage1 website1value websitework websitehomepage companywebsite url homepage web
        companydomainname companydomain domainname domain webpage2 website2value
    """,
    "company_domain": "associatedcompanydomain",
    "parent_ref": """
        parentid parentaccountid parentcompanyid parentorganizationid parentorganisationid hsparentcompanyid
        parentaccount parentaccountname parentcompany parentcompanyname parentorganization parentorganisation
        parentcustomer parent muttergesellschaft mutterunternehmen konzernmutter societemere maisonmere empresamatriz
    """,
    "status": """
        status leadstatus dealstatus opportunitystatus dealstage opportunitystage leadstage salesstage stagename stage
        stagepipeline pipelinestage phase lifecyclestage statut etat etape estado etapa
    """,
    "is_won": "iswon won converted isconverted",
    "source": """
        leadsource source sourcechannel origin leadorigin originalsource originalsourcetype originaltrafficsource
        channel utmsource howdidyouhearaboutus herkunft quelle
    """,
    "rating": "rating leadrating temperature",
    "label": "label labels",
    "industry": "industry sector businesssegment vertical branche industrie industria",
    "amount": """
        amount dealamount dealvalue opportunityamount closevalue value totalvalue estimatedvalue expectedvalue dealsize
        betrag montant importe
    """,
    "currency": "currency currencycode currencyofvalue currencyisocode amountcurrency waehrung wahrung devise moneda",
    "probability": "probability winprobability probabilitypercent winlikelihood wahrscheinlichkeit",
    "expected_close_on": """
        expectedclosedate expectedcloseon expectedclose estimatedclosedate forecastclosedate erwartetesabschlussdatum
        voraussichtlichesabschlussdatum
    """,
    "close_date": """
        closedate closedon closeddate closingdate closedat closedtime closingtime abschlussdatum datedecloture
        fechadecierre
    """,
    "won_at": "wondate wontime wonat wonon converteddate conversiondate",
    "lost_at": "lostdate losttime lostat loston",
    "created_at": """
        createdate createddate creationdate createdat createdon created datecreated createdtime creationtime createtime
        addtime firstcontactdate firstcontact engagedate dateadded dateentered leaddate enquirydate inquirydate
        dealcreated leadcreated personcreated organizationcreated
        erstelltam erstellt erstelldatum erstellungsdatum datedecreation fechadecreacion
    """,
    "updated_at": """
        updatedat updated updatedon updateddate updatedtime updatetime lastupdated lastupdate dateupdated modifiedtime
        modifieddate modifiedat modifiedon datemodified lastmodified lastmodifieddate lastmodifiedtime lastmodifiedon
    """,
    "next_step": "nextstep nextaction nextsteps",
    "description": """
        description notes note notecontent comments comment remarks message bemerkung bemerkungen notizen beschreibung
        commentaire notas descripcion
    """,
    "deal_name": "dealname dealtitle opportunityname opportunitytitle potentialname leadtitle opportunity deal",
    "product": "product productname productinterest",
    "lost_reason": "lostreason closedlostreason lossreason reasonlost reasonforloss",
    "lost_note": "lostnote",
    "is_deleted": "isdeleted",
    "owner": """
        owner owneremail ownername salesagent salesrep salesperson salesowner accountmanager accountexecutive
        assignedto assignee agent rep responsible zustandig verantwortlich verantwortlicher responsable propietario
        ownerid hubspotownerid
    """,
}
"""
The names of columns by the field that they hold; some fields are steps on the way to those of a lead. A plain column
is known by its label, and by what stands here.
"""

RECORD_WORDS = (
    "deal",
    "opportunity",
    "opp",
    "potential",
    "lead",
    "person",
    "organization",
    "organisation",
    "contact",
    "account",
    "company",
    "prospect",
    "customer",
    "client",
    "seller",
    "crm",
)
"""What may stand before the name of a column: ``Deal - Value``, ``Contact owner``, ``seller_city``."""

ADDRESS_HEADERS: dict[str, str] = {
    "street_number": "streetnumber housenumber hausnummer housenumberofaddress",
    "street": "street street1 address1 addressline1 streetaddress streetroadnameofaddress address strasse rue calle",
    "street_2": "street2 address2 addressline2 apartment suite apartmentsuitenoofaddress",
    "street_3": "street3 address3 addressline3",
    "city": "city town locality suburb ort stadt ville ciudad citytownvillagelocalityofaddress",
    "state": "state stateregion stateprovince province region county bundesland statecountyofaddress",
    "postal_code": """
        postalcode zip zipcode postcode zipcodeprefix plz codepostal codigopostal code zippostalcodeofaddress
    """,
    "country": "country countryregion countrycode countryname land pays pais countryofaddress",
}
"""The parts of an address, which stay together where a person has several; those of the street become one line."""

ADDRESSES = {
    "business": 1,
    "work": 1,
    "office": 1,
    "": 2,
    "mailing": 3,
    "primary": 3,
    "billing": 4,
    "address1": 5,
    "home": 6,
    "address2": 7,
    "other": 8,
}
"""What stands before a part of an address, and which address it belongs to, in order of preference."""

ALTERNATIVES = frozenset({"email", "phone", "mobile", "website", "company", "full_name", "status"})
"""Fields that several columns may hold: the first one that is filled in counts."""

GENERAL_IDS = frozenset({"id", "uuid", "guid", "recordid", "recid", "externalid"})
"""Ids that say nothing of what they are ids of."""

OWN_EXPORTS = (
    frozenset({"id", "customernumber", "owneremail", "lostnote", "createdat", "closedat"}),
    frozenset({"id", "version", "customerid", "ownerid", "lostnote", "createdat", "closedat"}),
)
"""Headings that tell our own exports of leads: the list as a file, and the lines of the API."""

DEAL_FIELDS = frozenset({"deal_name", "amount", "close_date", "won_at", "lost_at", "probability", "expected_close_on"})
"""A file with any of these is about deals, of which one person can have several."""

DEAL_WORDS = ("deal", "opportunity", "potential", "stagename")

PERSON_FIELDS = frozenset({"first_name", "last_name", "full_name", "job_title", "salutation"})

COMPANY_SIGNS = frozenset(
    """
    parentid parentaccount parentaccountid parentcompany parentcompanyid parentorganization annualrevenue revenue
    numberofemployees employees employeecount noofemployees companysize tickersymbol ticker stocksymbol accounttype
    companytype customertype accountnumber siccode sic naics naicscode yearstarted yearfounded foundedyear founded
    ownership dunsnumber ispublic totalmoneyraised legalform vatnumber vatid taxid registrationnumber accountsite
    """.split()  # noqa: SIM905  (readable as a table)
)
"""What is only said of a company; beside a ``Name`` it says that the name is one's."""
WEAK_COMPANY_SIGNS = frozenset(
    {"type", "industry", "sector", "billingstreet", "billingcity", "billingcountry", "billingstate", "billingaddress"}
)
"""What is said of companies rather than of people."""

LISTED_COMPANY_SIGNS = frozenset(
    """
    companyid organizationid organisationid companyowner organizationowner organisationowner companydomainname
    """.split()  # noqa: SIM905  (readable as a table)
)
"""How the columns of a list of companies may be called that is kept as one, in place of a list of leads."""
PEOPLE_OF_COMPANIES = frozenset({"associatedcontactids", "organizationpeople"})
"""What only a list of companies has: which of the people in other lists are theirs."""
SALE_FIELDS = frozenset({"status", "is_won", "source", "rating", "next_step", "lost_reason", "product", "owner"})
"""What is said of leads, and of companies only where the heading says so: ``Company owner``."""
NOT_OF_SALES = ("company", "organization", "organisation", "lifecyclestage")
"""How headings begin that say such things of companies."""

CUSTOMER_WORDS = ("customer", "client", "kunde")
ACCOUNT_WORDS = ("account", *CUSTOMER_WORDS)
"""How a column of a list of companies begins that are customers."""
ACCOUNT_TYPE_HEADERS = ("lifecyclestage", "accounttype", "customertype", "companytype", "type", "relationship")
FORMER_CUSTOMERS = frozenset({"former", "formercustomer", "churned", "lost", "lostcustomer", "excustomer"})
CUSTOMERS = frozenset(
    {"customer", "client", "kunde", "active", "activecustomer", "customerdirect", "customerchannel", "evangelist"}
)

LEGAL_FORMS = frozenset(
    """
    ltd limited inc incorporated llc llp lp plc corp corporation co company gmbh mbh ag kg ohg ug ev eg se sa sas sarl
    sasu srl spa snc bv nv oy oyj ab as asa aps pty pte kk sl slu lda ltda sro doo zrt kft rt spzoo oü uab sia
    group holding holdings partners associates
    """.split()  # noqa: SIM905  (readable as a table)
)
"""The last words of the names of companies."""

PLACEHOLDERS = frozenset(
    {"select", "-- select --", "--select--", "- select -", "please select", "(select)", "-none-", "--none--"}
)
"""What a web form sends for a choice that nobody made: not filled in."""
NO_NAMES = frozenset({"-", "--", "[not provided]"})
"""What people type for a name that has to be filled in."""

UNKNOWNS = PLACEHOLDERS | {"", "-", "--", "?", "n/a", "na", "none", "null", "nil", "nan", "unknown", "not known"}
"""What programs write where they know nothing; a blank in fields that hold numbers, codes and dates."""

NOBODY = UNKNOWNS | {"unassigned", "no owner", "(none)", "nobody"}
"""What stands for "no owner yet"."""

NO_COUNTRY = UNKNOWNS | {"asia/pacific region", "europe", "anonymous proxy", "satellite provider", "other"}
"""What look-up tables of internet addresses say instead of a country."""

STATUSES: dict[LeadStatus, str] = {
    LeadStatus.NEW: """
        new newlead prospecting prospect opennotcontacted notcontacted untouched subscriber other raw incoming assigned
        potential neu nouveau nuevo nuovo novo nieuw ny recycled unassigned tobecontacted
    """,
    LeadStatus.CONTACTED: """
        contacted engaging engaged inprogress inprocess attempted attemptedtocontact attemptingcontact connected
        contactmade workingcontacted working appointmentscheduled discovery demoscheduled firstcontact followup
        meetingscheduled interested kontaktiert contacte contactado contattato gecontacteerd kontaktad
    """,
    LeadStatus.QUALIFIED: """
        qualified qualify qualification qualifiedtobuy prequalified needsanalysis needsdefined opendeal
        iddecisionmakers identifydecisionmakers marketingqualifiedlead salesqualifiedlead mql sql demo
        democompleted nurturing develop solutiondevelopment qualifiziert qualifie calificado cualificado qualificato
        qualificado gekwalificeerd
    """,
    LeadStatus.PROPOSAL: """
        proposal propose proposalmade proposalsent proposalpricequote proposalquote initialoffer offersent
        valueproposition perceptionanalysis quote quotesent quotation presentationscheduled presentation offer
        opportunity angebot angebotversendet proposition devis propuesta proposta offerte offert
    """,
    LeadStatus.NEGOTIATION: """
        negotiation negotiating negotiationreview negotiations negotiationsstarted contractsent contract
        decisionmakerboughtin verbal verbalagreement verhandlung negociation negociacion negoziazione negociacao
        onderhandeling forhandling
    """,
    LeadStatus.ON_HOLD: "onhold hold badtiming contactinfuture paused stalled later parked deferred postponed pausiert",
    LeadStatus.WON: """
        won closedwon closewon converted closedconverted dealwon sold customer client evangelist signed paid
        gewonnen gagne ganado ganada vinto ganho vunnet vunnen
    """,
    LeadStatus.LOST: """
        lost closedlost closelost dealloss deallost lostlead closedlosttocompetition losttocompetition outsold dead
        canceled cancelled abandoned verloren perdu perdido perdida perso forlorad tapt
    """,
    LeadStatus.DISQUALIFIED: """
        disqualified unqualified notqualified closednotconverted junk junklead spam rejected badfit notinterested
    """,
}
"""The stages and states of other systems, by the status that they mean here."""

OPEN_WORDS = frozenset({"open", "active", "lead"})
"""Words that say no more than "not closed": another column may say more."""

YES = frozenset({"1", "true", "yes", "y", "t", "x", "ja", "oui", "si", "1.0"})
NO = frozenset({"0", "false", "no", "n", "f", "nein", "non", "0.0"})

LOST_REASONS: dict[LostReason, str] = {
    LostReason.PRICE: "price pricetoohigh tooexpensive pricing cost",
    LostReason.COMPETITOR: "competitor competition losttocompetitor losttocompetition chosecompetitor",
    LostReason.NO_BUDGET: "nobudget budget nobudgetlostfunding lostfunding",
    LostReason.NO_RESPONSE: "noresponse unresponsive noreply ghosted",
    LostReason.BAD_TIMING: "timing badtiming nottime nottherighttime",
    LostReason.NO_NEED: """
        noneed noneedanymore nodecisionnonresponsive lostinterest nolongerinterested notinterested nodecision
    """,
    LostReason.NOT_A_FIT: "notafit productfit badfit missingfeature missingfeatures nofit notafitforus",
    LostReason.OTHER: "anotherreason",
    LostReason.NOT_RECORDED: "notrecorded unknown none",
}
RATINGS = {rating.value: rating for rating in Rating}
CURRENCY_SIGNS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "R$": "BRL", "₽": "RUB", "zł": "PLN"}
NAME_SUFFIXES = frozenset(
    {
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "md",
        "phd",
        "dds",
        "esq",
        "inc",
        "ltd",
        "llc",
        "gmbh",
        "ag",
        "sa",
        "co",
        "corp",
        "plc",
    }
)
"""What may follow a name and a comma without being a first name."""


def _invert(words: dict[LeadStatus, str]) -> dict[str, LeadStatus]:
    return {word: status for status, line in words.items() for word in line.split()}


STATUS_WORDS: dict[str, LeadStatus] = {
    **_invert(STATUSES),
    **{squash(status.value): status for status in LeadStatus},
}
LOST_REASON_WORDS: dict[str, LostReason] = {
    **{word: reason for reason, line in LOST_REASONS.items() for word in line.split()},
    **{squash(reason.value): reason for reason in LostReason},
    **{squash(reason.label): reason for reason in LostReason},
}
FIELD_OF: dict[str, tuple[str, int]] = {
    word: (field, rank) for field, line in HEADERS.items() for rank, word in enumerate(line.split())
}
ADDRESS_PART_OF: dict[str, tuple[str, int]] = {
    word: (part, rank) for part, line in ADDRESS_HEADERS.items() for rank, word in enumerate(line.split())
}
