dash = Overview
dash-since = Version { $version }, running for { $span }
dash-transfers = Transfers now
dash-transfers-ways = { $up } up, { $down } down
dash-waiting =
    { $count ->
        [one] { $count } waits for a place
       *[other] { $count } wait for a place
    }
dash-up = Uploads
dash-down = Downloads
dash-moved = { $size } since the start
dash-stored = Stored, sealed
dash-files =
    { $count ->
        [one] in { $count } file
       *[other] in { $count } files
    }
dash-free = Free space
dash-free-text = on the disk of the server
dash-chart = Throughput
dash-chart-said = In the last { $span }: uploads { $up } on average and { $upmost } at most, downloads { $down } on average and { $downmost } at most.
dash-certificate = The server’s certificate ends on { $time }.
dash-recent = Recent errors and refusals
dash-recent-none = Nothing went wrong lately.
dash-log = In the log
dash-maintenance = Maintenance: no new transfers begin
dash-stopping-after = The server stops once the transfers that run are done.
dash-stopping-now = The server is stopping.
severity-debug = Detail
severity-info = Info
severity-warning = Warning
severity-error = Error
