act-upload = Upload files
act-upload-folder = Upload a folder
act-photo = Take a photo
upload-drop-here = Drop to upload to { $name }
uploads = Uploads
uploads-reading = Reading what was dropped…
uploads-running =
    { $files ->
        [one] Uploading one file
       *[other] Uploading: { $ended } of { $files }
    }
uploads-held =
    { $count ->
        [one] One upload waits
       *[other] { $count } uploads wait
    }
uploads-asking =
    { $count ->
        [one] A file of that name is there already.
       *[other] { $count } names are there already.
    }
uploads-failed =
    { $count ->
        [one] { $count } upload failed
       *[other] { $count } uploads failed
    }
uploads-paused =
    { $count ->
        [one] { $count } upload paused
       *[other] { $count } uploads paused
    }
uploads-lost =
    { $count ->
        [one] { $count } upload is unfinished
       *[other] { $count } uploads are unfinished
    }
uploads-done =
    { $count ->
        [one] { $count } upload finished
       *[other] { $count } uploads finished
    }
uploads-ended = { $count } finished
uploads-close = Close uploads
upload-rate = { $rate }/s
upload-left = { $time } left
upload-pause = Pause
upload-resume = Go on
upload-pause-all = Pause all
upload-resume-all = Go on with all
upload-retry-all = Try all again
upload-clear-done = Clear finished
upload-show-less = Show less
upload-show-more = Show more
upload-go-on = Go on
upload-decide = Decide
upload-choose-again = Choose the file
upload-first = Do this next
upload-pause-name = Pause { $name }
upload-resume-name = Go on with { $name }
upload-retry-name = Try { $name } again
upload-cancel-name = Cancel { $name }
upload-first-name = Upload { $name } next
upload-copy-digest = Copy the SHA-256 of { $name }
upload-cancel-all-title = Cancel what is unfinished?
upload-cancel-all-text = What has not arrived whole is given up. Finished files stay.
upload-cancel-all = Cancel uploads
upload-folder = Folder
upload-starting = Starting, { $size }
upload-sent = { $sent } of { $size }
upload-paused = Paused at { $sent } of { $size }
upload-taken = The name is taken
upload-skipped = Skipped
upload-renamed = Stored as { $name }
upload-no-network = No connection. It goes on by itself.
upload-held-busy = The server has much to do. It goes on by itself.
upload-held-operator = An operator holds it. It goes on by itself.
upload-comparing = Comparing with the server…
upload-lost = Unfinished, { $size }. Drop the file again to go on.
upload-lost-here = Unfinished, { $size }. The browser still knows the file.
upload-other-file = That is not the file that { $name } was begun with.
upload-checked = Stored and compared: SHA-256 is the same here and there
upload-stored = Stored
upload-unreadable = The file cannot be read any more.
upload-unreadable-hint = It was changed, moved or deleted on this device. Choose it again.
upload-differs = The stored file differs from the one here.
upload-differs-hint = It may have changed while it was sent. Upload it again.
upload-unclear = The connection was lost at the very end.
upload-unclear-hint = Look whether the file is in its folder; if not, try again.
upload-ended-all =
    { $count ->
        [one] { $count } upload finished
       *[other] { $count } uploads finished
    }
upload-ended-some =
    { $count ->
        [one] Uploads ended; { $count } needs a look
       *[other] Uploads ended; { $count } need a look
    }
upload-notify = Tell me
upload-notify-lead = This takes a while. Shall the browser tell when it is done?
upload-conflict-title = { $name } is there already
upload-conflict-lead = What shall be done?
upload-conflict-yours = Yours
upload-conflict-there = There
upload-conflict-act = Go on
upload-conflict-overwrite = Replace it
upload-conflict-hint-overwrite = Yours takes its place; the other remains an earlier version where versions are kept.
upload-conflict-rename = Keep both
upload-conflict-hint-rename = Yours gets a free name.
upload-conflict-newer = Replace it if yours is newer
upload-conflict-hint-newer = Otherwise the one that is there stays.
upload-conflict-skip = Skip
upload-conflict-hint-skip = The one that is there stays.
upload-conflict-all =
    { $count ->
        [one] The same for the other one, and for more to come
       *[other] The same for the other { $count }, and for more to come
    }
upload-conflict-later = The same for more to come
