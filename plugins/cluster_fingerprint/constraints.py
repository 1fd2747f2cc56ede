# ruff: noqa: RUF001 - Letters of other alphabets are the point here.
"""How browsers word the constraints of HTML forms in the visitor's language.

Each line: the constraint of `ValidityState`, the language, and the wordings of Chrome, Firefox and Safari in it,
divided by `|`. Between the pieces of a wording that are divided by `...` anything may stand, such as a number. All is
compared without accents, punctuation and case. Lines are tried in order: those that others are part of come later.
"""

from functools import lru_cache

from retrospec_plugins.cluster_fingerprint.tables import entries
from retrospec_plugins.cluster_fingerprint.text import bare

_WORDINGS = """
tooShort en: lengthen this text | use at least ... character | at least ... characters | minimum of ... characters
tooShort de: mindestens ... zeichen
tooShort fr: au moins ... caractère | allonger ce texte | minimum ... caractères
tooShort es: al menos ... caracteres | caracteres como mínimo | aumenta la longitud | alargue este texto |
    caracteres o más | mínimo ... caracteres
tooShort it: almeno ... caratter | aumenta la lunghezza | caratteri o più | allunga il testo | minimo ... caratteri
tooShort pt: pelo menos ... caracter | aumente ... texto | no mínimo ... caracter | mínimo ... caracteres |
    caracteres ou mais
tooShort nl: minstens ... tekens | ten minste ... tekens | minimaal ... tekens | verleng deze tekst | tekst langer
tooShort pl: co najmniej ... znak | wydłuż ... tekst | więcej znaków | minimum ... znak
tooShort ru: минимально допустимое количество символов | как минимум ... символ | не менее ... символ |
    не короче ... символ | минимум ... символ
tooShort uk: принаймні ... символ | щонайменше ... символ | не менше ... символ
tooShort zh: 个或更多字符 | 至少 ... 个字符 | 至少为 ... 个字符 | 加长到 | 增加到 | 延长到 | 至少 ... 個字元 |
    至少 ... 字元 | 個以上的字元 | 個字元以上 | 延長到
tooShort ja: 文字以上 | 少なくとも ... 文字 | 最低 ... 文字
tooShort ko: 자 이상 | 글자 이상 | 문자 이상 | 최소 ... 자
tooShort tr: en az ... karakter | karakter ... uzatın | daha fazla karakter
tooShort sv: minst ... tecken | förläng den här texten
tooShort da: mindst ... tegn | forlæng teksten
tooShort nb: minst ... tegn
tooShort fi: vähintään ... merkki
tooShort cs: alespoň ... znak | nejméně ... znak | prodlužte tento text
tooShort ar: على الأقل ... حرف | زيادة طول هذا النص | زيادة هذا النص | أحرف أو أكثر | حرفا أو أكثر
tooLong en: shorten this text | use no more than ... character | no more than ... characters |
    at most ... characters | maximum of ... characters
tooLong de: höchstens ... zeichen | maximal ... zeichen | kürzen sie diesen text | kürze diesen text |
    nicht mehr als ... zeichen
tooLong fr: réduire ce texte | raccourcir ce texte | pas plus de ... caractère | au maximum ... caractère |
    caractères maximum
tooLong es: reduce la longitud | acorta este texto | acorte este texto | no más de ... caracteres |
    como máximo ... caracteres | caracteres o menos | máximo ... caracteres
tooLong it: riduci la lunghezza | accorcia ... testo | non più di ... caratter | al massimo ... caratter |
    caratteri o meno
tooLong pt: reduza ... texto | diminua ... texto | encurte ... texto | não mais de ... caracter |
    no máximo ... caracter | caracteres ou menos
tooLong nl: kort deze tekst | verkort deze tekst | niet meer dan ... tekens | maximaal ... tekens
tooLong pl: skróć ... tekst | nie więcej niż ... znak | mniej znaków | maksymalnie ... znak
tooLong ru: максимально допустимое количество символов | не более ... символ | сократите ... текст |
    не длиннее ... символ
tooLong zh: 缩短 | 縮短 | 不超过 ... 个字符 | 最多 ... 个字符 | 个或更少字符 | 最多 ... 字元
tooLong ja: 文字以下 | 文字以内 | 短くしてください
tooLong ko: 자 이하 | 글자 이하 | 줄이세요 | 줄여 | 최대 ... 자
tooLong tr: kısaltın | en fazla ... karakter | daha az karakter
tooLong sv: förkorta | högst ... tecken
tooLong da: forkort | højst ... tegn
tooLong ar: تقصير هذا النص | اختصار هذا النص | أحرف أو أقل | حرفا أو أقل
stepMismatch en: nearest valid value
stepMismatch de: nächstliegende ... gültige | nächstgelegene ... gültige | nächste ... gültige ... wert
stepMismatch fr: valeurs valides les plus proches | valeur valide la plus proche |
    valeurs possibles les plus proches
stepMismatch es: valores válidos más | valor válido más
stepMismatch it: valori validi più vicini | valore valido più vicino | valori più vicini
stepMismatch pt: valores válidos mais próximos | valor válido mais próximo
stepMismatch nl: dichtstbijzijnde geldige | dichtstbij liggende geldige
stepMismatch pl: najbliższe ... wartości | najbliższa ... wartość
stepMismatch ru: ближайшие допустимые значения | ближайшее допустимое значение | ближайшие корректные |
    ближайшие правильные
stepMismatch zh: 最接近的有效值 | 接近的有效值 | 最接近的兩個有效值 | 最接近的有效
stepMismatch ja: 有効な値として最も近い | 最も近い有効な値 | 最も近い
stepMismatch ko: 가장 근접한 유효 | 가장 가까운 유효
stepMismatch tr: en yakın ... geçerli değer
stepMismatch sv: närmaste giltiga
stepMismatch da: nærmeste gyldige
stepMismatch ar: أقرب قيمتين صالحتين | أقرب قيمة صالحة | أقرب قيم
rangeUnderflow en: greater than or equal to | no less than | no earlier than | must be ... or later | at least
rangeUnderflow de: größer als oder gleich | größer oder gleich | nicht kleiner als | nicht kleiner ist |
    nicht früher | oder später | kleiner als ... nicht
rangeUnderflow fr: supérieure ou égale | n est pas inférieure | pas antérieure | égale ou postérieure |
    ou ultérieure | pas inférieure à
rangeUnderflow es: superior o igual | mayor o igual | mayor que o igual | no sea menor | no sea anterior |
    o posterior | no sea inferior
rangeUnderflow it: superiore o uguale | maggiore o uguale | non inferiore | non precedente | non anteriore |
    o successiva | non sia inferiore
rangeUnderflow pt: maior ou igual | maior que ou igual | superior ou igual | não seja menor | não seja anterior |
    ou posterior | não seja inferior
rangeUnderflow nl: groter zijn dan of gelijk | groter dan of gelijk | niet kleiner | niet lager | niet eerder |
    of later | niet minder
rangeUnderflow pl: większa lub równa | większa od lub równa | nie mniejsz | nie wcześniejsz | lub późniejsz
rangeUnderflow ru: больше или равно | не меньше | не менее | не раньше | или позже | не ранее
rangeUnderflow zh: 大于或等于 | 大於或等於 | 不小于 | 不小於 | 不早于 | 不早於 | 或更晚 | 或之后 | 或之後
rangeUnderflow ja: 以上にする | 以上の値 | 以上でなければ | 以降 | 以上を
rangeUnderflow ko: 이상이어야 | 이상의 값 | 이후여야 | 이후이어야 | 작지 않은 | 빠르지 않은
rangeUnderflow tr: büyük veya ... eşit | büyük ya da ... eşit | küçük olmayan | önce olmayan | veya daha sonra
rangeUnderflow sv: större än eller lika | inte är mindre än | inte tidigare | eller senare
rangeUnderflow da: større end eller lig | ikke er mindre end | ikke mindre end | eller senere
rangeUnderflow ar: أكبر من أو ... مساوية | أكبر من أو تساوي | لا تقل عن | أو بعده
rangeOverflow en: less than or equal to | no more than | no later than | must be ... or earlier | at most
rangeOverflow de: kleiner als oder gleich | kleiner oder gleich | nicht größer als | nicht größer ist |
    nicht später | oder früher | größer als ... nicht
rangeOverflow fr: inférieure ou égale | n est pas supérieure | pas postérieure | égale ou antérieure |
    pas supérieure à
rangeOverflow es: inferior o igual | menor o igual | menor que o igual | no sea mayor | no sea posterior |
    o anterior | no sea superior
rangeOverflow it: inferiore o uguale | minore o uguale | non superiore | non successiva | o precedente |
    o anteriore | non sia superiore
rangeOverflow pt: menor ou igual | menor que ou igual | inferior ou igual | não seja maior | não seja posterior |
    ou anterior | não seja superior
rangeOverflow nl: kleiner zijn dan of gelijk | kleiner dan of gelijk | niet groter | niet hoger | niet later |
    of eerder | niet meer dan
rangeOverflow pl: mniejsza lub równa | mniejsza od lub równa | nie większ | nie późniejsz | lub wcześniejsz
rangeOverflow ru: меньше или равно | не больше | не более | не позже | или раньше | не позднее
rangeOverflow zh: 小于或等于 | 小於或等於 | 不大于 | 不大於 | 不晚于 | 不晚於 | 或更早 | 或之前 | 不超过
rangeOverflow ja: 以下にする | 以下の値 | 以下でなければ | 以前 | 以下を
rangeOverflow ko: 이하여야 | 이하이어야 | 이하의 값 | 이전이어야 | 이전여야 | 크지 않은 | 늦지 않은
rangeOverflow tr: küçük veya ... eşit | küçük ya da ... eşit | büyük olmayan | sonra olmayan | veya daha önce
rangeOverflow sv: mindre än eller lika | inte är större än | inte senare | eller tidigare
rangeOverflow da: mindre end eller lig | ikke er større end | ikke større end | eller tidligere
rangeOverflow ar: أصغر من أو ... مساوية | أقل من أو ... مساوية | أقل من أو تساوي | أصغر من أو تساوي | لا تزيد عن |
    أو قبله
typeMismatch en: in the email address | enter an email address | valid email | email addresses | part followed by |
    part following | used at a wrong position | enter a url | valid url | enter a web address
typeMismatch de: e mail adresse | angabe vor dem | zeichen ein die angabe | falschen stelle | eine url ein |
    adresse url ein | gültige url | gib eine url | mailadresse
typeMismatch fr: adresse e mail | adresse électronique | adresse mail | adresse de courriel |
    adresse de messagerie | partie suivie de | partie suivant | placé à un endroit incorrect | saisir une url |
    saisissez une url | url valide
typeMismatch es: correo electrónico | dirección de correo | texto seguido | texto detrás | está mal colocado |
    posición incorrecta | introduce una url | introduce un url | introduzca una url | escriba una url | url válida |
    ingresa una url
typeMismatch it: indirizzo e mail | indirizzo email | posta elettronica | una parte seguita da | una parte dopo |
    posizione sbagliata | posizione errata | inserisci un url | inserire un url | inserisci url
typeMismatch pt: endereço de e mail | endereço de email | endereço eletrónico | correio eletrónico | um e mail |
    parte seguida por | parte depois de | posição incorreta | posição errada | insira um url | insira uma url |
    digite uma url | introduza um url | informe uma url
typeMismatch nl: e mailadres | e mail adres | emailadres | gedeelte in gevolgd | deel op gevolgd door | deel op na |
    verkeerde plaats | een url op | een url in | voer een url
typeMismatch pl: adres e mail | adresie e mail | adresu e mail | adres email | część przed | część po |
    w niewłaściwym miejscu | adres url
typeMismatch ru: адрес электронной почты | адресе электронной почты | часть адреса до | часть адреса после |
    неверном месте | недопустимом месте | введите url | введите адрес | корректный url | адрес e mail
typeMismatch uk: адресу електронної пошти | адреса електронної пошти | введіть url
typeMismatch zh: 电子邮件地址 | 电子邮箱 | 電子郵件地址 | 電子郵件 | 输入网址 | 輸入網址 | 输入 url | 輸入 url |
    位置错误 | 位置不正确 | 前面的内容 | 后面的内容 | 邮箱地址 | 一个网址
typeMismatch ja: メールアドレス | メール アドレス | 電子メール | url を入力 | url 形式 | の位置が間違 | 間違った位置
typeMismatch ko: 이메일 주소 | 전자 메일 | 이메일을 | url을 입력 | url 을 입력 | 앞 부분을 | 뒷 부분을 | 잘못된 위치
typeMismatch tr: e posta adresi | e postada | eposta adresi | bir url girin | url girin | yanlış konumda |
    yanlış yerde
typeMismatch sv: e postadress | e postadressen | en webbadress | ange en url | fel plats
typeMismatch da: e mailadresse | mailadresse | angiv en url | webadresse
typeMismatch nb: e postadresse
typeMismatch fi: sähköpostiosoite | kirjoita url
typeMismatch cs: e mailovou adresu | e mailová adresa | e mailové adrese | zadejte adresu url
typeMismatch ar: عنوان بريد إلكتروني | عنوان البريد الإلكتروني | البريد الإلكتروني | إدخال عنوان url | عنوان ويب
patternMismatch en: match the requested format | the requested format | match the pattern
patternMismatch de: geforderten format | vorgegebene format | gewünschte format | gewünschten format |
    angeforderten format | verlangte format | vorgegebenen format
patternMismatch fr: le format requis | format demandé | format attendu | format indiqué
patternMismatch es: formato solicitado | formato que coincida | formato requerido | formato pedido
patternMismatch it: formato richiesto
patternMismatch pt: formato corresponda ao exigido | formato solicitado | formato pedido | formato exigido |
    formato requerido
patternMismatch nl: gevraagde indeling | gevraagde notatie | gevraagde opmaak | vereiste indeling |
    gevraagde formaat
patternMismatch pl: wymaganym formacie | żądanym formacie | wymaganego formatu | żądanego formatu |
    wymagany format | odpowiednim formacie
patternMismatch ru: указанном формате | требуемый формат | требуемого формата | требуемому формату |
    нужном формате | заданном формате | требуемом формате | запрошенному формату
patternMismatch uk: потрібного формату | вказаному форматі
patternMismatch zh: 请求的格式 | 要求的格式 | 所请求的格式 | 指定的格式 | 指定格式 | 请求格式
patternMismatch ja: 指定されている形式 | 指定された形式 | 要求された形式 | 求められている形式 | 要求されている形式 |
    指定の形式
patternMismatch ko: 요청한 형식 | 요청된 형식 | 요구되는 형식 | 필요한 형식 | 지정된 형식
patternMismatch tr: istenen biçim | istenen format | istenilen biçim | istenen şekil | i̇stenen biçim
patternMismatch sv: begärda formatet | begärt format | efterfrågade formatet
patternMismatch da: ønskede format | anmodede format | påkrævede format
patternMismatch nb: forespurte formatet
patternMismatch fi: pyydettyä muotoa | vaadittua muotoa
patternMismatch cs: požadovaném formátu | požadovaný formát | požadovanému formátu
patternMismatch ar: التنسيق المطلوب | الصيغة المطلوبة | النمط المطلوب
badInput en: enter a number | enter a valid date | enter a valid time | incomplete or has an invalid date |
    valid number
badInput de: eine zahl ein | eine nummer ein | gültiges datum | gültige zahl | gültige uhrzeit
badInput fr: saisir un nombre | saisissez un nombre | entrer un nombre | date valide | date est incorrecte |
    date non valide | heure valide
badInput es: introduce un número | introduzca un número | escriba un número | ingresa un número | fecha válida |
    fecha no es válida | fecha no válida
badInput it: inserisci un numero | inserire un numero | data valida | data non è valida | data non valida
badInput pt: insira um número | digite um número | introduza um número | informe um número | data válida |
    data inválida
badInput nl: voer een getal | een getal in | een getal op | geef een getal | een nummer in | geldige datum |
    datum is ongeldig | ongeldige datum
badInput pl: wpisz liczbę | podaj liczbę | wprowadź liczbę | wpisać liczbę | wprowadzić liczbę | prawidłową datę |
    nieprawidłowa data | nieprawidłową datę
badInput ru: введите число | введите номер | корректную дату | правильную дату | недопустимая дата |
    действительную дату
badInput zh: 输入一个数字 | 输入数字 | 輸入一個數字 | 輸入數字 | 有效的日期 | 日期无效 | 有效日期 | 日期無效
badInput ja: 数値を入力 | 数字を入力 | 有効な日付 | 日付が無効 | 無効な日付
badInput ko: 숫자를 입력 | 번호를 입력 | 올바른 날짜 | 유효한 날짜 | 날짜가 잘못
badInput tr: bir sayı girin | sayı girin | geçerli bir tarih | geçersiz bir tarih
badInput sv: ange en siffra | ange ett nummer | ange ett tal | giltigt datum | ogiltigt datum
badInput da: angiv et tal | indtast et tal | gyldig dato | ugyldig dato
badInput ar: إدخال رقم | أدخل رقما | تاريخ صالح | تاريخ غير صالح
valueMissing en: fill out this field | fill in this field | check this box | select this checkbox | tick this box |
    select a file | select one or more files | select one of these options | select an item in the list |
    choose a file | field is required | complete this field
valueMissing de: dieses feld aus | dieses kästchen an | dieses kontrollkästchen | dieses markierungsfeld |
    markiere dieses kästchen | eine datei aus | eine oder mehrere dateien | eine dieser optionen |
    in der liste aus | aus der liste | listeneintrag
valueMissing fr: renseigner ce champ | remplir ce champ | remplissez ce champ | renseignez ce champ |
    compléter ce champ | complétez ce champ | cocher cette case | cochez cette case | sélectionner un fichier |
    sélectionnez un fichier | un ou plusieurs fichiers | une de ces options | dans la liste
valueMissing es: completa este campo | complete este campo | rellena este campo | rellene este campo |
    llena este campo | llene este campo | esta casilla | selecciona un archivo | seleccione un archivo |
    uno o más archivos | una de estas opciones | de la lista
valueMissing it: questo campo | questa casella | seleziona un file | selezionare un file | uno o più file |
    una di queste opzioni | nell elenco | dell elenco | dall elenco
valueMissing pt: preencha este campo | preencher este campo | esta caixa | marque esta opção |
    selecione um arquivo | selecione um ficheiro | selecione um ou mais | uma destas opções | uma dessas opções |
    item da lista | item na lista
valueMissing nl: dit veld in | vul dit veld | dit selectievakje | dit vakje | dit aankruisvak |
    selecteer een bestand | kies een bestand | een van deze opties | in de lijst | uit de lijst
valueMissing pl: wypełnij to pole | wypełnić to pole | uzupełnij to pole | zaznacz to pole | zaznaczyć to pole |
    wybierz plik | wybrać plik | jedną z tych opcji | jedną z opcji | element z listy | pozycję z listy |
    to pole jest wymagane
valueMissing ru: заполните это поле | установите этот флажок | поставьте этот флажок | установите флажок |
    отметьте этот флажок | отметьте это поле | поставьте галочку | выберите файл | один из вариантов |
    одну из этих опций | одну из опций | один из пунктов списка | из списка | в списке
valueMissing uk: заповніть це поле | заповніть поле | установіть цей прапорець | поставте прапорець |
    виберіть файл | зі списку
valueMissing zh: 填写此字段 | 填写该字段 | 填写此栏 | 填写这个字段 | 填写此项 | 填寫這個欄位 | 填寫此欄位 |
    填寫此欄 | 选中此框 | 选中此复选框 | 勾选此 | 勾选这个 | 勾選這個 | 勾選此 | 选择一个文件 | 选择文件 |
    選擇檔案 | 選取檔案 | 选择其中一个选项 | 这些选项中选择 | 选择一个选项 | 請選取其中 | 列表中选择 | 选择列表中 |
    清單中選取 | 清單中選擇 | 請在清單
valueMissing ja: フィールドを入力 | フィールドに入力 | フィールドは入力必須 | 項目を入力 | 入力必須 | この欄を入力 |
    チェックボックスをオン | チェックボックスにチェック | チェックボックスを選択 | このボックスをチェック |
    ファイルを選択 | オプションのいずれか | いずれかを選択 | リスト内の項目 | リストから項目 | リストの項目 |
    リストから選択
valueMissing ko: 입력란을 작성 | 입력란을 채워 | 필드를 입력 | 필드를 작성 | 이 필드를 | 체크박스를 선택 |
    체크박스를 체크 | 확인란을 선택 | 상자를 선택 | 상자를 체크 | 체크하세요 | 파일을 선택 | 옵션 중 하나 |
    항목 중 하나 | 목록에서
valueMissing tr: bu alanı doldurun | alanı doldurun | bu kutuyu işaretleyin | onay kutusunu | kutuyu işaretleyin |
    bir dosya seçin | bu seçeneklerden birini | seçeneklerden birini | listeden bir | listedeki bir
valueMissing sv: det här fältet | detta fält | den här rutan | markera rutan | kryssa i | välj en fil |
    ett av dessa alternativ | ett av de här | i listan
valueMissing da: udfyld dette felt | dette felt | dette afkrydsningsfelt | markér dette felt | marker dette felt |
    vælg en fil | en af disse | på listen
valueMissing nb: fyll ut dette feltet | fyll ut feltet | merk av i denne | kryss av | velg en fil | i listen
valueMissing fi: täytä tämä kenttä | tämä kenttä | valitse tämä | valitse tiedosto | valitse luettelosta
valueMissing cs: vyplňte prosím toto pole | vyplňte toto pole | toto pole | zaškrtněte | vyberte soubor |
    ze seznamu | v seznamu
valueMissing hu: töltse ki ezt a mezőt | jelölje be ezt | válasszon fájlt | a listából
valueMissing ro: completați acest câmp | completaţi acest câmp | bifați această | din listă
valueMissing el: συμπληρώστε αυτό το πεδίο | συμπληρώστε το πεδίο | επιλέξτε αυτό το πλαίσιο | από τη λίστα
valueMissing vi: điền vào trường này | chọn hộp này | đánh dấu vào ô này | trong danh sách
valueMissing id: isi bidang ini | isi kolom ini | centang kotak ini | dalam daftar
valueMissing th: กรอกฟิลด์นี้ | กรอกข้อมูลในฟิลด์นี้ | เลือกช่องนี้
valueMissing he: מלא שדה זה | למלא שדה זה | למלא את השדה | סמן תיבה זו
valueMissing ar: ملء هذا الحقل | املأ هذا الحقل | تعبئة هذا الحقل | تحديد هذا المربع | تحديد مربع الاختيار هذا |
    تحديد خانة الاختيار | اختيار ملف | تحديد ملف | أحد هذه الخيارات | من القائمة | في القائمة
badInput any: enter a valid value | gültigen wert | valeur valide | valor válido | valore valido | geldige waarde |
    prawidłową wartość | допустимое значение | 有效值 | 有效的值 | 有効な値 | 유효한 값 | geçerli bir değer |
    giltigt värde | gyldig værdi | قيمة صالحة
"""


def _rows() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Constraint, first piece and further pieces of each wording."""
    found = []
    for head, wordings in entries(_WORDINGS):
        for wording in wordings.split("|"):
            first, *rest = (bare(piece) for piece in wording.split("..."))
            found.append((head.split()[0], first, tuple(rest)))
    return tuple(found)


WORDINGS = _rows()


def _holds(text: str, at: int, pieces: tuple[str, ...]) -> bool:
    """Whether the pieces follow one another behind a position."""
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


@lru_cache(maxsize=2048)
def constraint(message: str) -> str:
    """Which constraint a browser's message is about, e.g. `tooShort`; empty if no browser says so.

    Args:
        message: As `bare` gives it.
    """
    for found, first, rest in WORDINGS:
        at = message.find(first)
        if at >= 0 and (not rest or _holds(message, at + len(first), rest)):
            return found
    return ""
