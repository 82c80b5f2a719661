grid-pick = Picked
clients = Clients
clients-summary =
    { $count ->
        [one] { $count } connected, { $moving } transferring
       *[other] { $count } connected, { $moving } transferring
    }
clients-search = Search name, address, file
clients-every-door = Every door
clients-every-state = Every state
clients-sort = Sort by
clients-sorted = Sort: { $column }
clients-none = Nobody like that is here.
clients-show-all = Show all
clients-client = Client
clients-from = From
clients-state = State
clients-file = File
clients-rate = Rate
clients-since = Since
clients-kind = Kind
clients-door = Door
clients-address = Address
clients-agent = Program
clients-certificate = Device
clients-certificate-number = Certificate { $number }
clients-session = Session
clients-progress = Progress
clients-files = Files at once
clients-eta = Time left
clients-received = Uploaded since then
clients-sent = Downloaded since then
clients-left = Has left
clients-you = you
clients-guest = Guest
clients-unknown = Not signed in yet
clients-of = { $done } of { $size }, { $percent }
clients-share = { $percent } of { $size }
clients-more =
    { $count ->
        [one] and { $count } more
       *[other] and { $count } more
    }
clients-warn = Warn
clients-warn-all = Warn everybody
clients-chat = Chat
clients-pause = Pause
clients-resume = Resume
clients-kick = Disconnect
clients-log = In the log
clients-warned =
    { $count ->
        [one] { $name } was warned.
       *[other] { $count } were warned.
    }
clients-warning = Warning
clients-warning-open = Sent { $at }, not acknowledged yet
clients-warning-read = Acknowledged { $at }
clients-acknowledged = { $name } acknowledged your warning.
clients-kicked =
    { $count ->
        [one] { $name } was disconnected.
       *[other] { $count } were disconnected.
    }
clients-paused =
    { $count ->
        [one] Transfers of { $name } are paused.
       *[other] Transfers of { $count } clients are paused.
    }
clients-resumed =
    { $count ->
        [one] Transfers of { $name } go on.
       *[other] Transfers of { $count } clients go on.
    }
door-http = Web
door-ftps = FTPS
doing-signing-in = Signing in
doing-idle = Idle
doing-listing = Browsing
doing-downloading = Downloading
doing-uploading = Uploading
doing-paused = Paused
doing-chatting = Chatting
kind-account = Account
kind-visitor = Visitor of a link
kind-token = API token
kind-guest = Guest
kind-unknown = Not signed in
kick-title =
    { $count ->
        [one] Disconnect { $name }?
       *[other] Disconnect { $count } clients?
    }
kick-text =
    { $count ->
        [one] The session ends, and its transfers stop within a second.
       *[other] The sessions end, and their transfers stop within a second.
    }
kick-reason = Reason
kick-reason-hint = Shown to whoever is disconnected. May stay empty.
kick-block = Keep from signing in again
kick-no-block = May sign in again at once
kick-block-10 = For 10 minutes
kick-block-60 = For an hour
kick-block-1440 = For a day
kick-block-10080 = For a week
kick-address = Block the address for everybody behind it too
warn-title =
    { $count ->
        [one] Warn { $name }
       *[other] Warn { $count } clients
    }
warn-text = It stays on the screen until it is acknowledged.
warn-words = Warning
warn-needed = Say what the warning is about.
warn-send = Send warning
warnings-sent = Sent warnings
warnings-lead = Who was warned of what, and when they acknowledged it.
warnings-none = Nobody was warned in the last month.
warnings-to = To
warnings-text = Warning
warnings-author = By
warnings-created = Sent
warnings-read = Acknowledged
warnings-open = Not yet
