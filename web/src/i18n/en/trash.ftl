trash = Trash
trash-lead = What you delete stays here for { $days ->
        [one] one day
       *[other] { $days } days
    }, or until you need the room.
trash-off = This server keeps nothing that is deleted.
trash-empty = The trash is empty
trash-empty-text = What you delete can be put back from here.
trash-from = From
trash-when = Deleted
trash-by = by { $name }
trash-ends = Gone for good
trash-days-left = { $days ->
        [one] within a day
       *[other] in { $days } days
    }
trash-pick = Select { $name }
trash-pick-all = Select all
trash-restore = Put back
trash-restore-one = Put back { $name }
trash-remove-one = Delete { $name } for good
trash-clear = Empty trash
trash-clear-title = Empty the trash?
trash-clear-text = All that lies in it is deleted for good. This cannot be undone.
trash-cleared =
    { $count ->
        [one] One item deleted for good.
       *[other] { $count } items deleted for good.
    }
trash-more = Show more
trash-remove-text = This cannot be undone.
trashed =
    { $count ->
        [one] { $name } moved to the trash.
       *[other] { $count } items moved to the trash.
    }
put-back =
    { $count ->
        [one] { $name } put back.
       *[other] { $count } items put back.
    }
act-delete-for-good = Delete for good
act-versions = Versions
versions-title = Versions of { $name }
versions-none = There are no earlier versions yet. When this file is replaced, what it was is kept here.
version-current = Current
version-by = by { $name }
version-until = until { $date }
version-download = Download the version of { $time }
version-preview = Look at it
version-look = Look at the version of { $time }
version-restore = Restore the version of { $time }
version-remove = Delete the version of { $time }
version-restored = { $name } is again what it was. What it was before is among its versions.
version-removed = The version was deleted.
version-bring-back = Restore
trash-holds =
    { $count ->
        [0] The trash is empty
        [one] { $count } item in the trash
       *[other] { $count } items in the trash
    }
past-title = History
past-made = Made
past-made-by = Made by { $name }
past-written = New version
past-written-by = New version by { $name }
past-shared = Shared with { $name }
past-linked = Link made
past-linked-name = Link { $name } made
past-all = All versions
past-failed = What happened to this file cannot be shown now.
