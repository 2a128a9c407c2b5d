"""Which hosts say nothing about who somebody works for."""

from crm_web.records.shared_hosts import is_shared_host

# The list in use before, what people reported, and other large providers of each continent.
MAIL = """
126.com 139.com 163.com abv.bg alice.it aol.com arcor.de att.net bigpond.com bk.ru bluewin.ch bol.com.br btinternet.com
centrum.cz comcast.net cox.net daum.net docomo.ne.jp duck.com email.it fastmail.com foxmail.com free.fr freemail.hu
freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.fr gmx.net googlemail.com hanmail.net hey.com hotmail.co.uk
hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it icloud.com inbox.ru interia.pl laposte.net libero.it list.ru
live.com live.fr live.it mac.com mail.com mail.ru mailbox.org me.com msn.com nate.com naver.com o2.pl onet.pl orange.fr
outlook.com outlook.de outlook.fr outlook.it poste.it posteo.de proton.me protonmail.com qq.com rambler.ru
rediffmail.com rogers.com seznam.cz sfr.fr sina.com skynet.be sohu.com t-online.de telenet.be terra.com.br tin.it
tiscali.it tutanota.com ukr.net uol.com.br verizon.net virgilio.it wanadoo.fr web.de wp.pl xtra.co.nz yahoo.co.jp
yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com zoho.com
"""
SITES = ["facebook.com", "de-de.facebook.com", "fr.linkedin.com", "instagram.com", "x.com", "sites.google.com"]
COMPANIES = """
acme.example apple.com bosch.com bt.com co.uk google.com ibm.com linkedin.com.evil.example mit.edu orange.com
netflix.com siemens.com stanford.edu telekom.de vodafone.com com localhost
"""


def test_public_mail_hosts_and_sites_are_shared() -> None:
    assert [host for host in [*MAIL.split(), *SITES] if not is_shared_host(host)] == []


def test_companies_have_a_host_of_their_own() -> None:
    assert [host for host in [*COMPANIES.split(), ""] if is_shared_host(host)] == []
