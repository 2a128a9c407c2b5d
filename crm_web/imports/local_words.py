"""The names of columns in further languages, by the field that they hold; those in English are in ``vocabulary``.

Of German, French and Spanish most stand there as well.
"""

HEADERS: dict[str, str] = {
    "external_id": "kundennummer kundennr numeroclient codicecliente",
    "first_name": """
        nome nomeproprio voornaam fornamn fornavn imie имя 名 名前 الاسم_الأول prenomducontact
        nombredelcontacto
    """,
    "last_name": """
        nom cognome sobrenome apelido achternaam efternamn efternavn etternavn nazwisko фамилия 姓 اسم_العائلة
        apellidopaterno
    """,
    "full_name": """
        nomcomplet nombrecompleto nomecompleto nomecognome volledigenaam фио 氏名 お名前 姓名 الاسم_الكامل الاسم
        担当者名 contactoasociado contactassocie
    """,
    "job_title": "fonction ruolo funcao functie befattning stanowisko должность 役職 職位 المسمى_الوظيفي",
    "company": """
        azienda ragionesociale bedrijf bedrijfsnaam foretag virksomhed nomdelasociete raisonsociale entreprise
        nombredelaempresa nomedaempresa компания 会社名 会社 企業名 公司 الشركة اسم_الشركة firmenname
        entrepriseassociee empresaasociada zugeordnetesunternehmen организация
    """,
    "email": """
        correoelectronico adresseemail adressemail courrielprofessionnel emailadres emailadresse eposta epost
        mailadresse indirizzoemail enderecodeemail почта электроннаяпочта メールアドレス メール 邮箱 البريد_الإلكتروني
        рабочийemail
    """,
    "phone": """
        telefone telefoon telefoonnummer telefonnummer numerodetelephone numerodetelefono telefonfestnetz телефон
        電話番号 電話 电话 الهاتف رقم_الهاتف
        рабочийтелефон
    """,
    "mobile": """
        cellulare celular telemovel mobieltelefoon mobiltelefon telefonmobil 携帯電話 携帯 手机 الجوال
        мобильныйтелефон
    """,
    "website": "siteweb sitioweb sitoweb paginaweb webseite internetseite ウェブサイト الموقع_الإلكتروني",
    "status": """
        fase stadio stav этап стадия статус ステータス ステージ フェーズ 阶段 الحالة phasedelatransaction
        etapedelatransaction etapadelnegocio dealphase
    """,
    "source": "fonte bron leadquelle источник リードソース المصدر",
    "industry": "secteur settore setor bransch bransche branza отрасль 業種 القطاع",
    "amount": """
        importo valor valeur bedrag belopp belop belob kwota сумма 金額 金额 المبلغ القيمة wert vaerdi verdi
        varde waarde valore 見込金額 受注金額
    """,
    "currency": "valuta moeda waluta валюта 通貨 العملة",
    "probability": "probabilita probabilidad probabilite probabilidade вероятность 確度",
    "expected_close_on": """
        dateprevuedecloture fechaprevistadecierre dataprevistadifechamento 完了予定日 受注予定日
        предполагаемаядатазакрытия
    """,
    "close_date": "datachiusura datadifechamento datadichiusura datedefermeture fechadecierredelnegocio schlussdatum",
    "salutation": "обращение titolo tratamento aanhef",
    "created_at": """
        datacreazione datadecriacao cree creele creado creadoel aangemaaktop 作成日 作成日時 датасоздания
        تاريخ_الإنشاء
    """,
    "description": """
        descrizione descricao notitie opmerkingen remarques observaciones примечание 備考 メモ 説明 ملاحظات
        комментарий комментарии
    """,
    "deal_name": """
        chance verkaufschance opportunite nomdelopportunite oportunidad opportunita 案件名 商談名
        nomdelatransaction nombredelnegocio названиесделки
    """,
    "owner": """
        proprietario responsabile responsavel eigenaar ответственный 担当者 所有者 المالك besitzer inhaber
        proprietairedelatransaction propietariodelnegocio dealinhaber zustandigermitarbeiter
    """,
}
ADDRESS_HEADERS: dict[str, str] = {
    "street": "adresse direccion indirizzo endereco adres straat 住所 العنوان",
    "city": "citta cidade stad plaats miasto город 市区町村 城市 المدينة",
    "state": "provincia departement estadoprovincia 都道府県",
    "postal_code": "cap cep codicepostale codigopostal postnummer kodpocztowy 郵便番号 الرمز_البريدي",
    "country": "paese kraj страна 国 国家 البلد الدولة",
}
STATUSES: dict[str, str] = {
    "new": "新規 новый",
    "contacted": "商談中",
    "proposal": "提案",
    "negotiation": "交渉",
    "won": "vinto vinta ganada fechado 成約 受注 выиграна",
    "lost": "失注 проиграна",
}
