"""First names that stand for each other, and those that two relatives have rather than one person."""

from crm_web.duplicates.comparison.companies import fold_vowels

_SHORT_FORMS = """
abigail abby gail | albert al bert | alexander alex alec sandy sascha sasha xander aleksander alexandr | alexandra
alex sandra sasha | alfred fred alf | allison ali ally | andreas andrew andy drew andre | angela angie | anthony
antonio tony toni anton | barbara barb barbie babs | benjamin ben benny | bernard bernhard bernie | catherine
katherine katharina kathryn kate katie kathy cathy kat kathi kitty katja | charles charlie chuck chas karl carl |
christian chris | christina christine chris chrissy tina | christopher christoph chris kit | daniel dan danny | david
dave davy | deborah debra deb debbie | dmitri dmitry dima mitya | donald don donny | dorothy dot dottie | edward
eduard ed eddie ned ted | eleanor ellie nell nora | elizabeth elisabeth liz lizzie beth betty betsy eliza lisa libby
elsbeth | emanuel manuel manny manu | emily em emmy | ernest ernst ernie | evgeny zhenya | federico fede fred |
francis francesco franz frank franco francisco paco pancho | frederick friedrich fred freddy fritz | gabriel gabe |
georg george | gerald gerhard gerry jerry gerd | giovanni gianni vanni | giuseppe beppe peppe pino | gregory gregor
greg | guillermo memo | harold hal harry | heinrich heinz henry heiner | helen helena nell lena | henry hank harry hal
| ignacio nacho | irina ira | isabel isabella isa bella izzy | ivan vanya | jacob jakob jake | jacqueline jackie |
james jim jimmy jamie | janet jan | jennifer jen jenny | jeremy jerry | jessica jess jessie | jesus chuy | joachim
achim jochen | johannes hans johann john jan | john johnny jack jon | jonathan jon johnny | jorge georgie | jose pepe
| joseph josef joe joey sepp jupp | joshua josh | juan juanito | judith judy | kenneth ken kenny | kimberly kim |
klaus nikolaus | konrad conrad kurt | lawrence laurence lorenz larry | leonard leo lenny leonhard | ludwig lutz |
luigi gigi | magdalena lena magda | manfred manni fred | margaret margarete maggie meg peggy greta gretel rita gitte
marge | maria marie mary mia | mark marcus markus marc | martha marty | matthew matthias mathias matt | maximilian max
| megan meg | melissa mel missy | michael michel mike mick mickey misha michi mikhail | miriam miri | mohammed
muhammad mohamed mohammad mehmet mo | natalia natalie nat natasha | nathan nathaniel nate nat | nicholas nikolas nick
nicky nico nikolai kolya | olga olya | pamela pam | patricia pat patty tricia | patrick pat paddy | pavel pasha |
peter pete pedro | philip philipp phil | rachel rae | rafael raphael rafa rafi | raymond ray | rebecca becky bec |
reinhard reiner | richard rick dick rich ricky | robert bob bobby rob robbie bert | roberto beto | roland rolf |
ronald ron ronny | rosario charo | rudolf rudi rolf | samantha sam | samuel sam sammy | sergei sergey serge seryozha |
sebastian seb basti bastian | sigmund siegfried sigi | stephanie steffi steph | steven stephen stefan stephan steve |
susan susanne susanna sue susie suzie | svetlana sveta | tatiana tanya | terence terry | theodore theodor ted teddy
theo | theresa teresa terry tess resi | thomas tom tommy | timothy tim timmy | ulrich uli | ursula uschi ulla |
valentina valya | veronica vera ronnie | victor viktor vic vitya | victoria vicky tori vika | vincent vince vincenzo
enzo | virginia ginny | vladimir volodya vova vlad | walter walt wally | wilhelm willi willy helmut | william will
bill billy willie liam | wolfgang wolf | yekaterina katya ekaterina | yuri yura | zachary zach zack
"""
_GROUPS: dict[str, set[int]] = {}
for _place, _group in enumerate(_SHORT_FORMS.split("|")):
    for _name in _group.split():
        _GROUPS.setdefault(fold_vowels(_name), set()).add(_place)
_ENDINGS = "aeio"
_SHORT = 4


def is_short_form(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether one of two folded first names stands for the other, such as Bob for Robert."""
    if not one or not other:
        return False
    return not _GROUPS.get(one[0], set()).isdisjoint(_GROUPS.get(other[0], ()))


def may_be_relatives(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether names that are much alike are usual for two people, such as Maria and Mario, or Tim and Tom."""
    a, b = "".join(one), "".join(other)
    if a == b or not a or not b:
        return False
    if a.rstrip(_ENDINGS) == b.rstrip(_ENDINGS):
        return True
    return max(len(a), len(b)) <= _SHORT
