"""Words in addresses: what holds many things, and what an API or a site calls its own parts."""

from retrospec_plugins.cluster_fingerprint.tables import words

# Below these come things with titles of their own, though they do not end in `s`.
COLLECTIONS = words("""
    a b c d e f g i l m n p r s t u w x
    album app article artist auction author blog board book brand campaign career case cat catalog category channel
    chapter city class client collection company contact content country course course dataset deal department
    destination district doc doctor document dossier episode event exhibition experience faq feature film forum game
    gallery genre group guide handbook help hotel house ingredient interest invoice issue item job journal kb key
    knowledge landing lesson library link listing lot magazine manual market member menu model module movie museum note
    offer org organisation organization package page park partner people person photo place plan player playlist
    podcast poll portfolio post press product profile program project promo promotion property provider question quiz
    r race reader recipe region repo report resource restaurant review room sale school screen seller series service
    shop show site skill song space speaker sport stadium stop store story stream studio subject supplier tag talk team
    template tenant test theater theatre theme thread ticket title topic tour town track trail trip tutorial unit user
    vendor venue video village wiki work workshop workspace zone
""")

# They end in `s`, and what follows is a part, not a thing.
NO_COLLECTIONS = words("""
    accounts-settings access address ads aliases alias always analytics assets auths aws basics basis billings bonus
    bus business calculus campus canvas census compass congress consensus corpus cors credentials css details dis dns
    dynamics earnings ecs eks express fees fitness focus fs gas genesis gis gps graphics harass health https images
    ins insights internals ios iris is jenkins js kubernetes lens less lists logistics logs mass media metrics mms moss
    mysettings news notes-settings options os pass permissions plus plugins-settings pos preferences press privileges
    process progress proxies redis rls rss rules rus sas savings sas session-settings settings sis sms sns sos stats
    static statics statistics status statuses styles success sqs sys systems tables tls tools totals treatises ups us
    usersettings utilities utils virus vps was washes wireless ws xs
""")

# Nobody gives these a title: words with hyphens below them are parts.
UNTITLED = words("""
    accounts addresses admins appointments bookings cards carts charges checkouts claims clients customers deliveries
    devices employees holds identities invoices keys loans logins members messages notifications orders passwords
    patients payments payouts policies purchases quotes refunds requests reservations returns rides sessions shipments
    subscriptions tasks tokens transactions transfers trips users visits wallets webhooks
""")

# A part that begins with one of these is something to do.
ACTIONS = words("""
    add assign bulk buy calculate cancel check create delete download fetch find generate get list manage mark opt pay
    remove request resend reset send set submit sync update upload validate verify
""")

# Vocabulary of interfaces: one of these words shows that a developer named a part, not an editor.
MARKS = words("""
    center centre debit faq locator policy receipts slots
    2fa activate approve archive auth authorize autocomplete availability billing bulk callback cancel cancellation
    checkin checkout config configuration confirm coupon create credentials csv deactivate delete discount email
    estimate export forgot import invoice invoices login logout lookup metadata metrics notification notifications
    otp password payment payments payout payouts pdf permission permissions preferences pricing redeem refund
    refunds register registration reject reset retry revoke search setting settings setup shipment shipments sign
    signin signout signup status submit subscribe subscription suggest suggestion suggestions sync totals unread
    unsubscribe update upload validate validation verification verify viewed webhook webhooks wishlist
""")

# Titles have these words too (`open-air-concert`), but not nothing else (`recently-used`).
STATIC = MARKS | words("""
    about accept access account accounts activation active activity add address addresses admin aggregate aggregates
    ago alert alerts all analytics and apply archived arrivals assign async attach auto available avatar balance
    balances ban bank banner banners basket batch best block bookmark bookmarks by calculate cancelled card cards
    cart change changes charge charges check checks clear clone close code codes collect comment commented comments
    complete compute confirmation connect consent contact copy count counts created credit credits current customer
    customers daily dashboard data date dates day deals default deleted deliveries delivery detail details device
    devices disable discounts discussed dismiss dispatch download draft drafts due duplicate edit emails enable end
    error errors estimates event events excel execute expire expired exports facets factor favorite favorites
    favourite favourites feature featured featured-items feed feeds fetch file files filter filters find finish
    first flag follow followers following for form forms from full generate get gift grant group groups health
    history hour id identity ids image images imports in index info information init intent intents invite invites
    is item items job jobs join key keys last latest leave like likes limit limits line link links list lists live
    load location locations lock log logo logs mail manage mark me member members merge message messages meta method
    methods mine month monthly most move my name names nearby new newest next notify of offers on open opt option
    options or order ordered orders out overview page paid pause pay pending phone photo photos picture pin pins
    play played popular position post posts preview previous price prices print privacy process processed product
    products profile profiles progress promo publish published purchase purchased push queue quick quote quotes
    random range rate rated rates rating ratings read reader ready recent recently recommended recover recovery
    refresh related release relevant remind reminder reminders remove rename reopen reorder replace reply report
    reports request requests resend reservation reservations resolve restore result results resume return returns
    review reviewed reviews role roles rules run sale sales save saved schedule scheduled schedules searched secret
    security self sellers selling send sent service session sessions set share shared shipping similar size sizes
    slot slots sort start state states stats statuses stock stop stream subscriptions suggested summary support
    suspend switch tag tags tax taxes team terms test tfa ticket tickets to today toggle token tokens top total
    track tracking transaction transactions transfer transfers trending trial two type types unarchive unassign
    unblock unfollow unlike unlink unlock up upcoming updated updates upgrade uploads usage use used user users
    variant variants vat version versions view views visited vote voted votes wallet wanted watched week weekly
    widget widgets wish with withdraw year yearly your zones
""")

# Of ISO 639-1, without those that are parts of paths in English: `id`, `is`, `me`, `my`, `no`, `to`, `am`, `as`.
LANGUAGES = words("""
    ar bg bn ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy it ja ka kk kn ko lt lv mk ml mn mr ms
    mt nb ne nl nn pa pl pt ro ru si sk sl sq sr sv sw ta te th tr uk ur uz vi zh zu
""")
COUNTRIES = words("""
    ae at au be br ca ch cn cz dk fi gb gr ie il in jp kr mx nz ph pk se sg tw ua us za
""")
