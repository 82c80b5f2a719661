act-upload = Upload files
act-upload-folder = Upload a folder
act-photo = Take a photo
drop-here = Drop to upload to { $name }
uploads = Uploads
uploads-reading = Reading what was dropped…
uploads-running =
    { $files ->
        [one] Uploading one file
       *[other] Uploading: { $ended } of { $files }
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
pause = Pause
resume = Go on
pause-all = Pause all
resume-all = Go on with all
retry-all = Try all again
clear-done = Clear finished
show-less = Show less
show-more = Show more
go-on = Go on
decide = Decide
choose-again = Choose the file
first = Do this next
pause-name = Pause { $name }
resume-name = Go on with { $name }
retry-name = Try { $name } again
cancel-name = Cancel { $name }
upload-first = Upload { $name } next
copy-digest = Copy the SHA-256 of { $name }
cancel-all-title = Cancel what is unfinished?
cancel-all-text = What has not arrived whole is given up. Finished files stay.
cancel-all = Cancel uploads
upload-folder = Folder
upload-starting = Starting, { $size }
upload-sent = { $sent } of { $size }
upload-paused = Paused at { $sent } of { $size }
upload-taken = The name is taken
upload-skipped = Skipped
upload-renamed = Stored as { $name }
upload-no-network = No connection. It goes on by itself.
upload-comparing = Comparing with the server…
upload-lost = Unfinished, { $size }. Drop the file again to go on.
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
notify = Tell me
notify-lead = This takes a while. Shall the browser tell when it is done?
conflict-title = { $name } is there already
conflict-lead = What shall be done?
conflict-yours = Yours
conflict-there = There
conflict-act = Go on
conflict-overwrite = Replace it
conflict-hint-overwrite = Yours takes its place; the other remains an earlier version where versions are kept.
conflict-rename = Keep both
conflict-hint-rename = Yours gets a free name.
conflict-newer = Replace it if yours is newer
conflict-hint-newer = Otherwise the one that is there stays.
conflict-skip = Skip
conflict-hint-skip = The one that is there stays.
conflict-all =
    { $count ->
        [one] The same for the other one, and for more to come
       *[other] The same for the other { $count }, and for more to come
    }
conflict-later = The same for more to come
