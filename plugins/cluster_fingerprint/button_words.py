# ruff: noqa: RUF001 - Letters of other alphabets are the point here.
"""What buttons say, in the languages that sites speak most: one meaning for each wording.

Texts arrive as slugs (`in-den-warenkorb`), often without the letters that ASCII lacks (`hinzuf-gen`), so each wording
is known with its accents taken off and with a gap in their place. Numbers and currencies are gone before.
"""

import unicodedata

from retrospec_plugins.cluster_fingerprint.tables import entries
from retrospec_plugins.cluster_fingerprint.text import bare

# English first; then de, fr, es, it, pt, nl, pl, sv, da, tr, ru, zh, ja, ko where they are in common use.
_WORDINGS = """
save: save, save changes, speichern, änderungen speichern, enregistrer, sauvegarder, guardar, guardar cambios,
    salva, salvar, gravar, opslaan, bewaren, zapisz, spara, gem, kaydet, сохранить, 保存, 保存する, 儲存, 저장,
    저장하기
cancel: cancel, abbrechen, stornieren, annuler, cancelar, annulla, annuleren, anuluj, avbryt, annuller, iptal,
    vazgeç, отмена, отменить, 取消, キャンセル, 취소
delete: delete, löschen, supprimer, eliminar, borrar, elimina, excluir, apagar, verwijderen, verwijder, usuń,
    ta bort, radera, slet, sil, удалить, 删除, 刪除, 削除, 削除する, 삭제
remove: remove, entfernen, retirer, enlever, quitar, rimuovi, remover, kaldır, убрать, 移除, 제거
send: send, senden, absenden, abschicken, envoyer, enviar, invia, verzenden, versturen, verstuur, wyślij, skicka,
    send, gönder, отправить, 发送, 傳送, 送信, 送信する, 보내기, 전송
submit: submit, einreichen, soumettre, valider, indienen, prześlij, skicka in, 提交, 제출
next: next, weiter, nächste, suivant, siguiente, avanti, successivo, próximo, seguinte, volgende, dalej, następny,
    nästa, næste, ileri, sonraki, далее, следующий, 下一步, 次へ, 다음
continue: continue, fortfahren, continuer, continuar, continua, prosegui, doorgaan, ga door, kontynuuj, fortsätt,
    fortsæt, devam, devam et, продолжить, 继续, 繼續, 続ける, 続行, 계속, 계속하기
back: back, go back, zurück, retour, volver, atrás, indietro, voltar, terug, wstecz, wróć, tillbaka, tilbage, geri,
    назад, 返回, 戻る, 뒤로
confirm: confirm, bestätigen, confirmer, confirmar, conferma, bevestigen, bevestig, potwierdź, bekräfta, bekræft,
    onayla, подтвердить, 确认, 確認, 確認する, 확인
apply: apply, anwenden, einlösen, appliquer, aplicar, applica, toepassen, zastosuj, tillämpa, använd, anvend,
    uygula, применить, 应用, 套用, 適用, 適用する, 적용, 적용하기
close: close, schließen, fermer, cerrar, chiudi, fechar, sluiten, zamknij, stäng, luk, kapat, закрыть, 关闭, 關閉,
    閉じる, 닫기
edit: edit, bearbeiten, modifier, éditer, editar, modifica, bewerken, edytuj, redigera, rediger, düzenle,
    редактировать, изменить, 编辑, 編輯, 編集, 編集する, 수정, 편집
add: add, hinzufügen, ajouter, añadir, agregar, aggiungi, adicionar, toevoegen, dodaj, lägg till, tilføj, ekle,
    добавить, 添加, 新增, 追加, 追加する, 추가, 추가하기
add to cart: add to cart, add to basket, add to bag, in den warenkorb, in den warenkorb legen,
    zum warenkorb hinzufügen, ajouter au panier, añadir al carrito, añadir a la cesta, agregar al carrito,
    aggiungi al carrello, adicionar ao carrinho, adicionar ao cesto, in winkelwagen, in winkelmand,
    toevoegen aan winkelwagen, dodaj do koszyka, do koszyka, lägg i varukorgen, lägg i kundvagn, læg i kurv,
    sepete ekle, в корзину, добавить в корзину, 加入购物车, 加入購物車, カートに入れる, カートに追加,
    장바구니에 담기, 장바구니 담기
buy: buy, kaufen, acheter, comprar, acquista, compra, kopen, koop, kup, köp, køb, satın al, купить, 购买, 購買,
    購入, 購入する, 구매, 구매하기
buy now: buy now, jetzt kaufen, sofort kaufen, acheter maintenant, comprar ahora, compra ora, acquista ora,
    comprar agora, nu kopen, kup teraz, köp nu, køb nu, hemen al, şimdi satın al, купить сейчас, 立即购买,
    今すぐ購入, 바로 구매
pay: pay, pay now, bezahlen, zahlen, jetzt bezahlen, jetzt zahlen, payer, payer maintenant, pagar, pagar ahora,
    paga, paga ora, pagar agora, betalen, nu betalen, betaal, zapłać, betala, betal, öde, оплатить, 支付, 付款,
    立即支付, 支払う, お支払い, 결제, 결제하기
checkout: checkout, check out, proceed to checkout, zur kasse, zur kasse gehen, kasse, passer commande,
    passer la commande, commander, tramitar pedido, finalizar compra, realizar pedido, vai alla cassa,
    procedi al checkout, finalizar a compra, fechar pedido, afrekenen, naar de kassa, do kasy, przejdź do kasy,
    till kassan, gå til kassen, ödemeye geç, оформить заказ, 去结算, 结算, 結帳, レジに進む, 주문하기
order: order, place order, jetzt bestellen, bestellen, zahlungspflichtig bestellen, commander maintenant, pedir,
    hacer pedido, ordina, ordina ora, encomendar, bestelling plaatsen, zamów, zamawiam, beställ, bestil,
    sipariş ver, заказать, 下单, 注文する, 注文を確定する, 주문
book: book, book now, buchen, jetzt buchen, réserver, réserver maintenant, reservar, reservar ahora, prenota,
    prenota ora, reservar agora, boeken, nu boeken, reserveren, zarezerwuj, rezerwuj, boka, boka nu, reservér,
    book nu, rezervasyon yap, забронировать, 预订, 立即预订, 予約する, 今すぐ予約, 예약, 예약하기
search: search, suchen, suche, rechercher, chercher, buscar, cerca, pesquisar, procurar, zoeken, zoek, szukaj,
    wyszukaj, sök, søg, ara, искать, найти, поиск, 搜索, 搜尋, 検索, 検索する, 검색
log in: log in, login, sign in, anmelden, einloggen, se connecter, connexion, iniciar sesión, acceder, entrar,
    accedi, inloggen, aanmelden, zaloguj się, zaloguj, logga in, log ind, giriş yap, oturum aç, войти, вход, 登录,
    登入, ログイン, ログインする, 로그인
log out: log out, logout, sign out, abmelden, ausloggen, se déconnecter, déconnexion, cerrar sesión, esci,
    disconnetti, sair, terminar sessão, uitloggen, afmelden, wyloguj się, wyloguj, logga ut, log ud, çıkış yap,
    выйти, выход, 退出, 退出登录, 登出, ログアウト, 로그아웃
sign up: sign up, register, create account, registrieren, konto erstellen, s inscrire, inscription, créer un compte,
    registrarse, regístrate, crear cuenta, iscriviti, registrati, crea account, cadastrar, cadastre-se, registar,
    criar conta, registreren, account aanmaken, zarejestruj się, załóż konto, registrera, skapa konto, opret konto,
    kayıt ol, üye ol, зарегистрироваться, регистрация, 注册, 註冊, 新規登録, 会員登録, 회원가입
subscribe: subscribe, abonnieren, s abonner, suscribirse, suscribirme, abbonati, inscrever-se, assinar, subscrever,
    abonneren, subskrybuj, prenumerera, abonner, abone ol, подписаться, 订阅, 訂閱, 購読する, 구독, 구독하기
download: download, herunterladen, télécharger, descargar, scarica, baixar, transferir, downloaden, pobierz,
    ladda ner, indir, скачать, 下载, 下載, ダウンロード, 다운로드
upload: upload, hochladen, téléverser, importer, subir, cargar, carica, carregar, uploaden, prześlij plik,
    ladda upp, yükle, загрузить, 上传, 上傳, アップロード, 업로드
share: share, teilen, partager, compartir, condividi, compartilhar, partilhar, delen, udostępnij, dela, del, paylaş,
    поделиться, 分享, 共有, シェア, 공유
print: print, drucken, imprimer, imprimir, stampa, afdrukken, printen, drukuj, skriv ut, udskriv, yazdır,
    распечатать, 打印, 列印, 印刷, 인쇄
retry: retry, try again, erneut versuchen, nochmal versuchen, réessayer, reintentar, volver a intentar, riprova,
    tentar novamente, opnieuw proberen, probeer opnieuw, spróbuj ponownie, försök igen, prøv igen, tekrar dene,
    повторить, попробовать снова, 重试, 重試, 再試行, もう一度, 다시 시도
accept: accept, accept all, akzeptieren, alle akzeptieren, accepter, tout accepter, aceptar, aceptar todo, accetta,
    accetta tutto, aceitar, aceitar tudo, accepteren, alles accepteren, akceptuj, zaakceptuj, acceptera,
    accepter alle, kabul et, принять, принять все, 接受, 同意, 同意する, 동의, 수락
decline: decline, reject, reject all, ablehnen, alle ablehnen, refuser, tout refuser, rechazar, rifiuta, recusar,
    rejeitar, weigeren, afwijzen, odrzuć, avvisa, afvis, reddet, отклонить, 拒绝, 拒絕, 拒否, 거부, 거절
yes: yes, ja, oui, sí, sì, sim, tak, evet, да, 是, はい, 예
no: no, nein, non, não, nee, nie, nej, hayır, нет, 否, いいえ, 아니요
ok: ok, okay, in ordnung, d accord, vale, va bene, oké, tamam, ок, 好的, わかりました
more: more, show more, load more, see more, mehr, mehr anzeigen, mehr laden, plus, voir plus, afficher plus,
    charger plus, más, ver más, mostrar más, cargar más, altro, mostra altro, carica altro, mais, ver mais,
    mostrar mais, carregar mais, meer, meer laden, meer tonen, toon meer, więcej, pokaż więcej, wczytaj więcej,
    visa mer, ladda fler, vis mere, daha fazla, daha fazla göster, ещё, показать ещё, 更多, 加载更多, 查看更多,
    もっと見る, さらに表示, 더 보기
details: details, view details, details anzeigen, détails, voir les détails, detalles, ver detalles, dettagli,
    vedi dettagli, detalhes, ver detalhes, bekijk details, szczegóły, zobacz szczegóły, detaljer, visa detaljer,
    detaylar, подробнее, 详情, 查看详情, 詳細, 詳細を見る, 상세보기
refresh: refresh, reload, aktualisieren, neu laden, actualiser, recharger, actualizar, recargar, aggiorna, ricarica,
    atualizar, recarregar, vernieuwen, verversen, odśwież, uppdatera, opdater, yenile, обновить, 刷新, 重新整理,
    更新, 새로고침
create: create, erstellen, anlegen, créer, crear, crea, criar, aanmaken, maken, utwórz, stwórz, skapa, opret,
    oluştur, создать, 创建, 建立, 作成, 作成する, 만들기, 생성
update: update, mettre à jour, bijwerken, zaktualizuj, güncelle, 更新する, 업데이트
copy: copy, kopieren, copier, copiar, copia, kopiëren, kopiuj, kopiera, kopier, kopyala, копировать, скопировать,
    复制, 複製, コピー, 복사
filter: filter, filtern, filtrer, filtrar, filtra, filteren, filtruj, filtrera, filtrele, фильтр, 筛选, 篩選,
    絞り込む, 필터
select: select, choose, auswählen, wählen, sélectionner, choisir, seleccionar, elegir, seleziona, scegli,
    selecionar, escolher, selecteren, kies, kiezen, wybierz, välj, vælg, seç, выбрать, 选择, 選擇, 選択, 選択する,
    선택
start: start, get started, starten, los geht s, commencer, démarrer, empezar, comenzar, inizia, começar, iniciar,
    beginnen, rozpocznij, zacznij, starta, börja, başla, başlat, начать, 开始, 開始, 始める, 시작, 시작하기
skip: skip, überspringen, passer, ignorer, omitir, saltar, salta, pular, ignorar, overslaan, pomiń, hoppa över,
    spring over, atla, пропустить, 跳过, 略過, スキップ, 건너뛰기
finish: finish, done, fertig, fertigstellen, abschließen, terminer, finalizar, terminar, fine, fatto, concluir,
    klaar, voltooien, zakończ, gotowe, klar, slutför, færdig, bitir, tamamla, готово, завершить, 完成, 完了, 완료
"""


def _spellings(wording: str) -> tuple[str, str]:
    """Without accents, and with a gap wherever ASCII ends."""
    composed = unicodedata.normalize("NFC", wording.strip().casefold())
    gaps = "".join(each if each.isascii() and each.isalnum() else " " for each in composed)
    return bare(composed), " ".join(gaps.split())


def _meanings() -> dict[str, str]:
    """From each spelling to its meaning; where two have it, the first one does."""
    found: dict[str, str] = {}
    for meaning, wordings in entries(_WORDINGS):
        for wording in wordings.split(","):
            for spelling in _spellings(wording):
                if len(spelling) > 1:
                    found.setdefault(spelling, meaning)
    return found


MEANINGS = _meanings()
VERBS = frozenset(word for meaning in MEANINGS.values() for word in meaning.split() if len(word) > 2)
