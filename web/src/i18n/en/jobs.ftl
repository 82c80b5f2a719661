jobs = Jobs
jobs-lead = What takes long the server does by itself, whether or not this page is open.
jobs-whose = Whose jobs
jobs-mine = Mine
jobs-all = Everybody's
jobs-none = No jobs. Copies, archives and checks of much at once appear here.
jobs-running = Under way
jobs-ended = Ended
jobs-verify = Check files
jobs-verify-text = Every file is read, unsealed, and compared with its SHA-256.
jobs-path = Folder or file
jobs-path-hint = / is all that is yours.
jobs-everything = All files of everybody
jobs-begin = Begin
jobs-cancel = Cancel
jobs-download = Download
jobs-details = Details
jobs-forget = Remove from the list
jobs-open = Open folder
jobs-copy = Copy SHA-256
jobs-to = to
jobs-more =
    { $count ->
        [one] and { $count } more
       *[other] and { $count } more
    }
jobs-of = { $done } of { $size }
jobs-left = { $span } left
jobs-items =
    { $count ->
        [one] { $count } item, { $size }
       *[other] { $count } items, { $size }
    }
jobs-all-drives = on all drives
jobs-sound =
    { $count ->
        [0] There was nothing to check
        [one] { $count } file is sound
       *[other] All { $count } files are sound
    }
jobs-damaged = Damaged files
jobs-damaged-files =
    { $count ->
        [one] { $count } file is damaged
       *[other] { $count } files are damaged
    }
jobs-damaged-more = and { $number } more
jobs-state = State
jobs-owner = Account
jobs-made = Result
jobs-amount = Done
jobs-began = Begun
jobs-took = Took
jobs-error = Error
jobs-kind-copy = Copy
jobs-kind-move = Move
jobs-kind-zip = ZIP archive
jobs-kind-verify = Check
jobs-is-waiting = Waiting
jobs-is-running = Running
jobs-is-cancelling = Being cancelled
jobs-is-done = Done
jobs-is-failed = Failed
jobs-is-cancelled = Cancelled
jobs-is-interrupted = Interrupted
