# ruff: noqa: RUF001 - Letters of other alphabets are the point here.
"""Messages of Chrome, Firefox and Safari for each constraint of HTML, in the visitor's language. Add to the table."""

import pytest

from retrospec.plugin import MarkerFacts
from tests.plugins.cluster_fingerprint.builders import apart, field, key, same

MESSAGES = {
    ("valueMissing", "en"): (
        "Please fill out this field.",
        "Fill out this field",
        "Please check this box if you want to proceed.",
        "Select this checkbox",
        "Please select an item in the list.",
        "Please select one of these options.",
        "Please select a file.",
    ),
    ("valueMissing", "de"): (
        "Füllen Sie dieses Feld aus.",
        "Fülle dieses Feld aus.",
        "Bitte füllen Sie dieses Feld aus.",
        "Klicken Sie dieses Kästchen an, wenn Sie fortfahren möchten.",
        "Dieses Markierungsfeld auswählen",
        "Wählen Sie ein Element in der Liste aus.",
        "Bitte wählen Sie einen Eintrag aus der Liste.",
        "Wählen Sie eine Datei aus.",
        "Wählen Sie eine dieser Optionen aus.",
    ),
    ("valueMissing", "fr"): (
        "Veuillez renseigner ce champ.",
        "Veuillez compléter ce champ.",
        "Remplissez ce champ",
        "Veuillez cocher cette case si vous souhaitez continuer.",
        "Veuillez sélectionner un élément dans la liste.",
        "Veuillez sélectionner l'une de ces options.",
    ),
    ("valueMissing", "es"): (
        "Completa este campo",
        "Rellene este campo.",
        "Complete este campo",
        "Marca esta casilla si quieres continuar",
        "Selecciona un elemento de la lista",
        "Seleccione una de estas opciones.",
    ),
    ("valueMissing", "it"): (
        "Compila questo campo.",
        "Compilare questo campo.",
        "Seleziona questa casella se desideri continuare.",
        "Seleziona un elemento nell'elenco.",
        "Selezionare un elemento dell’elenco.",
    ),
    ("valueMissing", "pt"): (
        "Preencha este campo.",
        "Marque esta caixa se deseja continuar.",
        "Selecione um item da lista.",
        "Selecione uma destas opções.",
    ),
    ("valueMissing", "nl"): (
        "Vul dit veld in.",
        "Schakel dit selectievakje in als je wilt doorgaan.",
        "Selecteer een item in de lijst.",
        "Selecteer een van deze opties.",
    ),
    ("valueMissing", "pl"): (
        "Wypełnij to pole.",
        "Proszę wypełnić to pole.",
        "Zaznacz to pole, jeśli chcesz kontynuować.",
        "Wybierz element z listy.",
        "Wybierz jedną z tych opcji.",
    ),
    ("valueMissing", "ru"): (
        "Заполните это поле.",
        "Пожалуйста, заполните это поле.",
        "Чтобы продолжить, установите этот флажок.",
        "Выберите один из пунктов списка.",
        "Выберите один из вариантов.",
    ),
    ("valueMissing", "zh"): (
        "请填写此字段。",
        "请填写这个字段。",
        "請填寫這個欄位。",
        "如果要继续，请选中此框。",
        "请在列表中选择一项。",
        "請選取檔案。",
    ),
    ("valueMissing", "ja"): (
        "このフィールドを入力してください。",
        "このフィールドは入力必須です。",
        "次に進むにはこのチェックボックスをオンにしてください。",
        "リスト内の項目を選択してください。",
    ),
    ("valueMissing", "ko"): (
        "이 입력란을 작성하세요.",
        "계속하려면 이 체크박스를 선택하세요.",
        "목록에서 항목을 선택하세요.",
        "다음 옵션 중 하나를 선택하세요.",
    ),
    ("valueMissing", "tr"): (
        "Lütfen bu alanı doldurun.",
        "Devam etmek istiyorsanız lütfen bu kutuyu işaretleyin.",
        "Lütfen listeden bir öğe seçin.",
    ),
    ("valueMissing", "sv"): (
        "Fyll i det här fältet.",
        "Markera den här rutan om du vill fortsätta.",
        "Välj ett objekt i listan.",
    ),
    ("valueMissing", "ar"): ("يُرجى ملء هذا الحقل.", "يُرجى تحديد عنصر من القائمة."),
    ("typeMismatch", "en"): (
        "Please include an '@' in the email address. 'ann' is missing an '@'.",
        "Please enter a part following '@'. 'ann@' is incomplete.",
        "'.' is used at a wrong position in 'mail..example'.",
        "Please enter an email address.",
        "Enter an email address",
        "Please enter a URL.",
        "A part following '@' should not contain the symbol ' '.",
    ),
    ("typeMismatch", "de"): (
        'Die E-Mail-Adresse muss ein @-Zeichen enthalten. In der Angabe "ann" fehlt ein @-Zeichen.',
        "Bitte geben Sie eine gültige E-Mail-Adresse ein.",
        "Geben Sie eine URL ein.",
    ),
    ("typeMismatch", "fr"): (
        'Veuillez inclure "@" dans l\'adresse e-mail. Il manque un symbole "@" dans "ann".',
        "Veuillez saisir une adresse électronique valide.",
        "Veuillez saisir une URL.",
    ),
    ("typeMismatch", "es"): (
        'Incluye un signo "@" en la dirección de correo electrónico. La dirección "ann" no incluye el signo "@".',
        "Introduzca una dirección de correo.",
        "Introduce una URL",
    ),
    ("typeMismatch", "it"): (
        'Aggiungi un simbolo "@" nell\'indirizzo email. In "ann" manca un simbolo "@".',
        "Inserire un indirizzo e-mail.",
        "Inserisci un URL.",
    ),
    ("typeMismatch", "pt"): ('Inclua um "@" no endereço de e-mail. "ann" está com um "@" faltando.', "Insira um URL."),
    ("typeMismatch", "nl"): (
        "Neem een '@' op in het e-mailadres. In 'ann' ontbreekt een '@'.",
        "Voer een e-mailadres in.",
        "Geef een URL op.",
    ),
    ("typeMismatch", "pl"): (
        "Uwzględnij znak „@” w adresie e-mail. W adresie „ann” brakuje znaku „@”.",
        "Wpisz adres URL.",
    ),
    ("typeMismatch", "ru"): (
        'Адрес электронной почты должен содержать символ "@". В адресе "ann" отсутствует символ "@".',
        "Введите URL.",
    ),
    ("typeMismatch", "zh"): (
        "请在电子邮件地址中包括“@”。“ann”中缺少“@”。",
        "請在電子郵件地址中加入「@」。",
        "请输入网址。",
    ),
    ("typeMismatch", "ja"): (
        "メール アドレスに「@」を挿入してください。「ann」内に「@」がありません。",
        "メールアドレスを入力してください。",
        "URL を入力してください。",
    ),
    ("typeMismatch", "ko"): ("이메일 주소에 '@'를 포함해 주세요. 'ann'에 '@'가 없습니다.", "URL을 입력하세요."),
    ("patternMismatch", "en"): (
        "Please match the requested format.",
        "Match the requested format",
        "Please match the requested format: five digits.",
    ),
    ("patternMismatch", "de"): (
        "Ihre Eingabe muss mit dem geforderten Format übereinstimmen.",
        "Bitte halten Sie sich an das vorgegebene Format.",
    ),
    ("patternMismatch", "fr"): ("Veuillez respecter le format requis.", "Veuillez respecter le format demandé."),
    ("patternMismatch", "es"): ("Utiliza un formato que coincida con el solicitado", "Ajústese al formato solicitado."),
    ("patternMismatch", "it"): ("Inserisci il testo nel formato richiesto.", "Rispettare il formato richiesto."),
    ("patternMismatch", "pt"): (
        "É preciso que o formato corresponda ao exigido.",
        "Corresponda ao formato solicitado.",
    ),
    ("patternMismatch", "nl"): ("Gebruik de gevraagde indeling.", "Houd de gevraagde notatie aan."),
    ("patternMismatch", "pl"): ("Podaj wartość w wymaganym formacie.",),
    ("patternMismatch", "ru"): ("Введите данные в указанном формате.", "Пожалуйста, используйте требуемый формат."),
    ("patternMismatch", "zh"): ("请与所请求的格式保持一致。", "请匹配要求的格式。", "請符合要求的格式。"),
    ("patternMismatch", "ja"): ("指定されている形式で入力してください。", "要求された形式に一致させてください。"),
    ("patternMismatch", "ko"): ("요청한 형식과 일치시키세요.",),
    ("tooShort", "en"): (
        "Please lengthen this text to 8 characters or more (you are currently using 3 characters).",
        "Please use at least 8 characters (you are currently using 3 characters).",
        "Use at least 8 characters",
    ),
    ("tooShort", "de"): (
        "Verlängern Sie diesen Text auf mindestens 8 Zeichen. Derzeit verwenden Sie 3 Zeichen.",
        "Bitte verwenden Sie mindestens 8 Zeichen (Sie verwenden derzeit 3 Zeichen).",
        "Verwenden Sie mindestens 8 Zeichen",
    ),
    ("tooShort", "fr"): (
        "Veuillez allonger ce texte pour qu'il comporte au moins 8 caractères. Il en compte actuellement 3.",
        "Veuillez utiliser au moins 8 caractères (3 caractères utilisés actuellement).",
    ),
    ("tooShort", "es"): (
        "Aumenta la longitud del texto a 8 caracteres como mínimo (actualmente, el texto tiene 3 caracteres).",
        "Use al menos 8 caracteres (actualmente está usando 3 caracteres).",
    ),
    ("tooShort", "it"): (
        "Aumenta la lunghezza del testo a minimo 8 caratteri. Attualmente stai utilizzando 3 caratteri.",
        "Utilizzare almeno 8 caratteri (al momento ce ne sono 3).",
    ),
    ("tooShort", "pt"): (
        "Aumente esse texto para 8 caracteres ou mais (no momento, você está usando 3 caracteres).",
        "Use pelo menos 8 caracteres (você está usando 3 caracteres).",
    ),
    ("tooShort", "nl"): (
        "Verleng deze tekst tot minimaal 8 tekens (je gebruikt momenteel 3 tekens).",
        "Gebruik minstens 8 tekens (u gebruikt momenteel 3 tekens).",
    ),
    ("tooShort", "pl"): (
        "Wydłuż ten tekst do 8 lub więcej znaków (obecnie używasz 3 znaków).",
        "Proszę użyć co najmniej 8 znaków (obecnie użyto 3).",
    ),
    ("tooShort", "ru"): (
        "Минимально допустимое количество символов: 8. Длина текста сейчас: 3.",
        "Используйте не менее 8 символов (вы используете 3 символа).",
    ),
    ("tooShort", "zh"): (
        "请将该内容增加到 8 个或更多字符（目前您使用了 3 个字符）。",
        "请使用至少 8 个字符（您目前正在使用 3 个字符）。",
    ),
    ("tooShort", "ja"): (
        "このテキストは 8 文字以上で指定してください（現在は 3 文字です）。",
        "少なくとも 8 文字を入力してください (現在 3 文字です)。",
    ),
    ("tooShort", "ko"): (
        "이 텍스트를 8자 이상으로 늘리세요(현재 3자를 사용하고 있습니다).",
        "최소 8자를 사용하세요(현재 3자 사용 중).",
    ),
    ("tooLong", "en"): (
        "Please shorten this text to 8 characters or less (you are currently using 30 characters).",
        "Use no more than 8 characters",
    ),
    ("tooLong", "de"): (
        "Kürzen Sie diesen Text auf maximal 8 Zeichen. Derzeit verwenden Sie 30 Zeichen.",
        "Bitte kürzen Sie diesen Text auf 8 Zeichen (oder weniger).",
    ),
    ("tooLong", "fr"): ("Veuillez réduire ce texte à 8 caractères maximum (vous en utilisez 30).",),
    ("tooLong", "es"): (
        "Reduce la longitud del texto a 8 caracteres o menos (actualmente, el texto tiene 30 caracteres).",
    ),
    ("tooLong", "it"): (
        "Riduci la lunghezza del testo a 8 caratteri o meno (al momento stai utilizzando 30 caratteri).",
    ),
    ("tooLong", "pt"): ("Diminua esse texto para 8 caracteres ou menos (no momento, você está usando 30 caracteres).",),
    ("tooLong", "nl"): ("Kort deze tekst in tot maximaal 8 tekens (je gebruikt momenteel 30 tekens).",),
    ("tooLong", "pl"): ("Skróć ten tekst do 8 lub mniej znaków (obecnie używasz 30 znaków).",),
    ("tooLong", "ru"): ("Максимально допустимое количество символов: 8. Длина текста сейчас: 30.",),
    ("tooLong", "zh"): ("请将该内容缩短为 8 个或更少字符（目前您使用了 30 个字符）。",),
    ("tooLong", "ja"): ("このテキストは 8 文字以下で指定してください（現在は 30 文字です）。",),
    ("tooLong", "ko"): ("이 텍스트를 8자 이하로 줄이세요(현재 30자를 사용하고 있습니다).",),
    ("rangeUnderflow", "en"): (
        "Value must be greater than or equal to 5.",
        "Please select a value that is no less than 5.",
        "Value must be 01/01/2024 or later.",
        "Please select a value that is no earlier than 2024-01-01.",
    ),
    ("rangeUnderflow", "de"): (
        "Der Wert muss größer als oder gleich 5 sein.",
        "Bitte wählen Sie einen Wert, der nicht kleiner als 5 ist.",
    ),
    ("rangeUnderflow", "fr"): (
        "La valeur doit être supérieure ou égale à 5.",
        "Veuillez sélectionner une valeur qui n’est pas inférieure à 5.",
    ),
    ("rangeUnderflow", "es"): ("El valor debe ser superior o igual a 5.", "Seleccione un valor que no sea menor de 5."),
    ("rangeUnderflow", "it"): (
        "Il valore deve essere superiore o uguale a 5.",
        "Selezionare un valore non inferiore a 5.",
    ),
    ("rangeUnderflow", "pt"): ("O valor deve ser maior ou igual a 5.",),
    ("rangeUnderflow", "nl"): ("Waarde moet groter zijn dan of gelijk zijn aan 5.",),
    ("rangeUnderflow", "pl"): ("Wartość musi być większa lub równa 5.",),
    ("rangeUnderflow", "ru"): ("Значение должно быть больше или равно 5.",),
    ("rangeUnderflow", "zh"): ("值必须大于或等于 5。", "值必須大於或等於 5。"),
    ("rangeUnderflow", "ja"): ("値は 5 以上にする必要があります。",),
    ("rangeUnderflow", "ko"): ("값은 5 이상이어야 합니다.",),
    ("rangeOverflow", "en"): (
        "Value must be less than or equal to 5.",
        "Please select a value that is no more than 5.",
        "Value must be 01/01/2024 or earlier.",
    ),
    ("rangeOverflow", "de"): (
        "Der Wert muss kleiner als oder gleich 5 sein.",
        "Bitte wählen Sie einen Wert, der nicht größer als 5 ist.",
    ),
    ("rangeOverflow", "fr"): (
        "La valeur doit être inférieure ou égale à 5.",
        "Veuillez sélectionner une valeur qui n’est pas supérieure à 5.",
    ),
    ("rangeOverflow", "es"): ("El valor debe ser inferior o igual a 5.", "Seleccione un valor que no sea mayor de 5."),
    ("rangeOverflow", "it"): ("Il valore deve essere inferiore o uguale a 5.",),
    ("rangeOverflow", "pt"): ("O valor deve ser menor ou igual a 5.",),
    ("rangeOverflow", "nl"): ("Waarde moet kleiner zijn dan of gelijk zijn aan 5.",),
    ("rangeOverflow", "pl"): ("Wartość musi być mniejsza lub równa 5.",),
    ("rangeOverflow", "ru"): ("Значение должно быть меньше или равно 5.",),
    ("rangeOverflow", "zh"): ("值必须小于或等于 5。",),
    ("rangeOverflow", "ja"): ("値は 5 以下にする必要があります。",),
    ("rangeOverflow", "ko"): ("값은 5 이하여야 합니다.",),
    ("stepMismatch", "en"): (
        "Please enter a valid value. The two nearest valid values are 5 and 10.",
        "Please select a valid value. The nearest valid value is 5.",
    ),
    ("stepMismatch", "de"): (
        "Geben Sie einen gültigen Wert ein. Die zwei nächstliegenden gültigen Werte sind 5 und 10.",
    ),
    ("stepMismatch", "fr"): (
        "Veuillez saisir une valeur valide. Les deux valeurs valides les plus proches sont 5 et 10.",
    ),
    ("stepMismatch", "es"): ("Introduce un valor válido. Los dos valores válidos más aproximados son 5 y 10.",),
    ("stepMismatch", "it"): ("Inserisci un valore valido. I due valori validi più vicini sono 5 e 10.",),
    ("stepMismatch", "pt"): ("Insira um valor válido. Os dois valores válidos mais próximos são 5 e 10.",),
    ("stepMismatch", "nl"): ("Geef een geldige waarde op. De twee dichtstbijzijnde geldige waarden zijn 5 en 10.",),
    ("stepMismatch", "pl"): ("Wpisz prawidłową wartość. Dwie najbliższe prawidłowe wartości to 5 i 10.",),
    ("stepMismatch", "ru"): ("Введите допустимое значение. Ближайшие допустимые значения: 5 и 10.",),
    ("stepMismatch", "zh"): ("请输入有效值。两个最接近的有效值分别为 5 和 10。",),
    ("stepMismatch", "ja"): ("有効な値を入力してください。有効な値として最も近いのは 5 と 10 です。",),
    ("stepMismatch", "ko"): ("유효한 값을 입력해 주세요. 가장 근접한 유효 값 두 개는 5 및 10입니다.",),
    ("badInput", "en"): (
        "Please enter a number.",
        "Enter a number",
        "Please enter a valid value. The field is incomplete or has an invalid date.",
        "Please enter a valid date.",
    ),
    ("badInput", "de"): ("Geben Sie eine Zahl ein.", "Bitte geben Sie eine Nummer ein."),
    ("badInput", "fr"): ("Veuillez saisir un nombre.",),
    ("badInput", "es"): ("Introduce un número.", "Introduzca un número."),
    ("badInput", "it"): ("Inserisci un numero.",),
    ("badInput", "pt"): ("Insira um número.",),
    ("badInput", "nl"): ("Voer een getal in.",),
    ("badInput", "pl"): ("Wpisz liczbę.",),
    ("badInput", "ru"): ("Введите число.",),
    ("badInput", "zh"): ("请输入一个数字。",),
    ("badInput", "ja"): ("数値を入力してください。",),
    ("badInput", "ko"): ("숫자를 입력하세요.",),
}
ENGLISH = {constraint: messages[0] for (constraint, language), messages in MESSAGES.items() if language == "en"}


@pytest.mark.parametrize(("of", "messages"), MESSAGES.items(), ids=map("-".join, MESSAGES))
def test_a_constraint_is_the_same_in_every_browser_and_language(of: tuple[str, str], messages: tuple[str, ...]) -> None:
    same(field("amount", ENGLISH[of[0]]), *(field("amount", message) for message in messages))


def test_each_constraint_of_a_field_is_a_failure_of_its_own() -> None:
    apart(*(field("amount", message) for message in ENGLISH.values()))


def test_entered_values_make_no_difference() -> None:
    same(
        field("email", "Please include an '@' in the email address. 'ann' is missing an '@'."),
        field("email", "Please include an '@' in the email address. 'b (at) c.d' is missing an '@'."),
    )
    same(
        field("zip", "Please lengthen this text to 5 characters or more (you are currently using 4 characters)."),
        field("zip", "Please lengthen this text to 5 characters or more (you are currently using 1 character)."),
    )


def test_messages_of_the_site_itself_stay_apart() -> None:
    apart(
        field("amount", "Your balance is too low"),
        field("amount", "This card is not ours"),
        field("amount", ENGLISH["valueMissing"]),
    )
    same(field("amount", "At most 120.50 EUR today"), field("amount", "At most 7 EUR today"))


def test_rows_of_a_form_share_their_fields() -> None:
    same(field("guests[0].name"), field("guests[12].name"))
    same(field("guests[0][name]"), field("guests[3][name]"))
    same(field("items.0.quantity"), field("items.41.quantity"))
    same(field("guest-3-mail"), field("guest-14-mail"))
    same(field("quantity_9f3a2b1c"), field("quantity_00d1e2f3"))


def test_fields_and_forms_stay_apart() -> None:
    apart(field("email"), field("phone"), field("address1"), field("address2"), field("billing_zip"), field("zip"))
    apart(field("address-1"), field("address-2"))
    apart(field("email", route="/signup"), field("email", route="/checkout"))
    same(field("email", route="/orders/7/edit"), field("email", route="/de/orders/991/edit"))
    assert key(field("email")).startswith("validation_failed:")


def test_a_field_that_only_a_hint_names_is_that_field() -> None:
    def hinted(selector: str, message: str) -> MarkerFacts:
        return MarkerFacts("/checkout", "validation_failed", f"validation_failed:{selector}", message, "")

    same(
        hinted('input[name="email"]', "Please fill out this field."),
        hinted("form#order input[name=email][required]", "Füllen Sie dieses Feld aus."),
        hinted("#email", "Remplissez ce champ."),
        field("email"),
    )
    apart(
        hinted('input[name="email"]', "Please fill out this field."),
        hinted('input[name="phone"]', "Please fill out this field."),
        hinted('input[name="guests[0].name"]', "Please fill out this field."),
        hinted('input[name="email"]', "This address is not ours"),
        hinted("", "Please fill out this field."),
    )


def test_a_field_known_by_its_caption_is_named_by_its_id() -> None:
    def captioned(caption: str) -> MarkerFacts:
        hint = "validation_failed:invalid:tag:input-id:street-name:x:https://shop.example/checkout"
        return MarkerFacts(
            "/checkout", "validation_failed", hint, f"Validation blocked: {caption} (Fill out this field)", ""
        )

    same(captioned("Straße"), captioned("Nom de rue"), captioned("通り"))
