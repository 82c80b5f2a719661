limits = Settings
limits-lead = What is changed here holds at once, and after a restart too.
limits-limits = Limits
limits-clients = Clients at once
limits-clients-hint = Further clients hear that the server is full. Operators are always let in.
limits-transfers = Transfers at once
limits-transfers-hint = Further transfers wait for a place; accounts take turns.
limits-rate-up = Upload speed
limits-rate-up-hint = For all uploads together, such as 50 MB/s. Accounts may have limits of their own below it.
limits-rate-down = Download speed
limits-rate-down-hint = For all downloads together, such as 50 MB/s.
limits-none = No limit
limits-no-rate = That is no speed. Write it like 50 MB/s, or leave it empty for no limit.
limits-no-count = Write a whole number, or leave it empty for no limit.
limits-now = Now: { $value }
limits-now-waiting =
    { $count ->
        [one] Now: { $value }, and { $count } waits
       *[other] Now: { $value }, and { $count } wait
    }
limits-set = Set by { $by }, { $at }
limits-configured = As configured
limits-reset = Back to the configuration: { $value }
limits-save = Save limits
limits-changed = Saved. It holds from now on.
maintenance = Maintenance
maintenance-text = No new transfers begin, on any door. What runs may finish, and listings go on.
maintenance-words = Message
maintenance-words-hint = Told to everybody who wants to transfer something meanwhile.
maintenance-off = Transfers may begin as usual.
maintenance-on = On. No transfer runs any more.
maintenance-on-running =
    { $count ->
        [one] On. { $count } transfer still runs.
       *[other] On. { $count } transfers still run.
    }
maintenance-begin = Begin maintenance
maintenance-end = End maintenance
maintenance-say = Change message
stop = Stop the server
stop-text = It ends, and starts again only where it was started from.
stop-planned =
    { $count ->
        [0] The server stops now.
        [one] The server stops once { $count } transfer is done.
       *[other] The server stops once { $count } transfers are done.
    }
stop-after = Stop after current transfers
stop-now = Stop now
stop-act = Stop server
stop-after-text =
    { $count ->
        [0] Nothing is being transferred: it stops at once.
        [one] No new transfers begin; { $count } may finish.
       *[other] No new transfers begin; { $count } may finish.
    }
stop-now-text =
    { $count ->
        [0] Nothing is being transferred.
        [one] { $count } transfer is cut. It can be resumed later.
       *[other] { $count } transfers are cut. They can be resumed later.
    }
stop-longest = Wait at most
stop-however-long = However long it takes
stop-within = { $span }
